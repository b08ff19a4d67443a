#include "tools/cfrun/report_origin.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <ctime>
#include <fstream>

#include "data/report/html.h"
#include "framework/core/device_services.h"
#include "framework/core/parallel.h"
#include "framework/io/checkpoint.h"
#include "framework/io/checksum.h"
#include "framework/io/files.h"

namespace cf {
namespace {

// The value behind the first "name : " of one of Linux's files about itself; empty where there is none.
std::string system_fact(const char* file, std::string_view name) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with(name)) continue;
    const std::size_t begin = line.find_first_not_of(" \t", line.find(':') + 1);
    return begin == std::string::npos ? "" : line.substr(begin);
  }
  return "";
}

std::int64_t parameters_of(const CheckpointHeader& header) {
  std::int64_t parameters = 0;
  for (const auto& tensor : header.tensors) {
    const std::string& name = tensor.name;
    const bool statistics = name.ends_with(".running_mean") || name.ends_with(".running_var");
    if (name.starts_with("model.") && !statistics) parameters += tensor.shape.numel();
  }
  return parameters;
}

std::string number_in(const ordered_json& meta, const char* key) {
  return meta.contains(key) && meta[key].is_number_integer() ? html::count(meta[key].get<std::int64_t>()) : "";
}

}  // namespace

std::string network_title(const std::string& model) {
  if (model == "cf2n") return "CF2N";
  if (model == "ssdiff") return "SSDiff";
  return model == "fusionnet" ? "FusionNet" : model;
}

void add_checkpoint(Page& page, const std::filesystem::path& checkpoint, const std::string& weights) {
  const CheckpointHeader header = read_checkpoint_header(checkpoint);
  const std::string model = header.meta.value(ordered_json::json_pointer("/config/model/name"), std::string());
  const std::string run = header.meta.value(ordered_json::json_pointer("/config/name"), std::string());
  page.section("Checkpoint");
  page.facts({{"File", checkpoint.string()},
              {"XXH3-64", file_checksum(checkpoint)},
              {"Size", html::bytes(static_cast<std::int64_t>(std::filesystem::file_size(checkpoint)))},
              {"Network", network_title(model)},
              {"Parameters", html::count(parameters_of(header))},
              {"Weights used", weights},
              {"Step", number_in(header.meta, "step")},
              {"Epoch", number_in(header.meta, "epoch")},
              {"Experiment", run},
              {"Trained on", header.meta.value("device", std::string())},
              {"Imported from", header.meta.value("imported_from", std::string())}});
  if (header.meta.contains("config")) page.folded_text("Configuration of the training", header.meta["config"].dump(2));
}

Facts machine_facts(Device device) {
  const std::string processor = system_fact("/proc/cpuinfo", "model name");
  const std::string memory = system_fact("/proc/meminfo", "MemTotal");  // "16384 kB"
  Facts facts = {{"Processor", processor.empty() ? "unknown" : processor}, {"Threads", std::to_string(max_threads())}};
  if (!memory.empty()) facts.emplace_back("Memory", html::bytes(std::atoll(memory.c_str()) * 1024));
  facts.emplace_back("Device", device.is_cpu() ? "CPU" : device.str() + ", " + services_of(device).describe(device.index));
  return facts;
}

std::string command_line() {
  std::ifstream in("/proc/self/cmdline", std::ios::binary);
  std::string line;
  for (std::string word; std::getline(in, word, '\0');) {
    const bool plain = !word.empty() && std::all_of(word.begin(), word.end(), [](unsigned char c) {
      return std::isalnum(c) != 0 || std::string_view("-_./=,:+@%").find(static_cast<char>(c)) != std::string_view::npos;
    });
    if (!plain) {
      std::string quoted = "'";
      for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
      word = quoted + "'";
    }
    line += (line.empty() ? "" : " ") + word;
  }
  return line;
}

std::int64_t peak_process_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::int64_t>(usage.ru_maxrss) * 1024;
}

std::string made_by() {
  return fmt::format("Made {:%Y-%m-%d %H:%M} UTC by cfrun {}.", fmt::gmtime(std::time(nullptr)), CF_VERSION);
}

void write_page(const std::filesystem::path& file, const Page& page) { write_file(file, page.markup(made_by())); }

}  // namespace cf
