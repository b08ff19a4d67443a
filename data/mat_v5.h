// Version 5 of MATLAB's files through matio; without matio every call is an Error. Callers use data/mat.h.
#pragma once

#include "data/mat.h"

namespace cf::mat::v5 {

std::vector<Info> list(const std::filesystem::path& path);
Array read(const std::filesystem::path& path, std::string_view name);
void write(const std::filesystem::path& path, const std::vector<Variable>& variables);

}  // namespace cf::mat::v5
