// What every report says of where it comes from: checkpoint, program, machine.
#pragma once

#include <filesystem>
#include <string>

#include "data/report/page.h"
#include "framework/core/device.h"

namespace cf {

// "CF2N" for "cf2n"; other names as they are.
std::string network_title(const std::string& model);

// A section on the checkpoint: name, checksum, step, parameters; its configuration folded. `weights`: which of its weights were
// used, in words; may be empty.
void add_checkpoint(Page& page, const std::filesystem::path& checkpoint, const std::string& weights);

// The machine, for a table of facts.
Facts machine_facts(Device device);
// As the program was called.
std::string command_line();
// The most memory that the process held so far, in bytes.
std::int64_t peak_process_bytes();
// "Made 2026-05-04 15:06 UTC by cfrun 0.1.0."
std::string made_by();

// Writes a page, whole or not at all.
void write_page(const std::filesystem::path& file, const Page& page);

}  // namespace cf
