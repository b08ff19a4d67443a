// The commands of cfrun. Each stands in a file of its own, cmd_<name>.cpp, and adds itself to the command line.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

namespace cf {

// What the chosen command does; returns the exit code. Errors are exceptions.
using Action = std::function<int()>;

// --device NAME, short for --set device=NAME.
inline void add_device_option(CLI::App& command, std::vector<std::string>& overrides) {
  command.add_option_function<std::string>(
      "--device", [&overrides](const std::string& name) { overrides.push_back("device=" + name); },
      "auto, cpu, cuda or cuda:N; short for --set device=...");
}

// Adds a subcommand to `app`; when it is chosen on the command line, it leaves its work in `action`.
void add_train(CLI::App& app, Action& action);
void add_fuse(CLI::App& app, Action& action);
void add_test(CLI::App& app, Action& action);
void add_info(CLI::App& app, Action& action);
void add_metrics(CLI::App& app, Action& action);
void add_simulate(CLI::App& app, Action& action);
void add_synth(CLI::App& app, Action& action);
void add_summary(CLI::App& app, Action& action);
void add_schema(CLI::App& app, Action& action);
void add_gradcheck(CLI::App& app, Action& action);
void add_bench(CLI::App& app, Action& action);
void add_kernels(CLI::App& app, Action& action);
void add_diff(CLI::App& app, Action& action);
void add_convert(CLI::App& app, Action& action);
void add_manual(CLI::App& app, Action& action);
void add_ranks(CLI::App& app, Action& action);
void add_completion(CLI::App& app, Action& action);

}  // namespace cf
