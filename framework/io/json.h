// JSON text with keys kept in order; errors say file, line and column.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace cf {

using ordered_json = nlohmann::ordered_json;

// Throws Error "<source>:<line>:<column>: ..." on a syntax error and on a key that stands twice in one object.
ordered_json parse_json(std::string_view text, std::string_view source);
ordered_json read_json(const std::filesystem::path& path);
// Whether JSON can hold the text.
bool is_utf8(std::string_view text);
// Indented by two spaces, with a final newline; whole or not at all.
void write_json(const std::filesystem::path& path, const ordered_json& json);

}  // namespace cf
