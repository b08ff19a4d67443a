// cfrun: trains and runs pan-sharpening networks. Exit codes: 0 done, 1 a failure inside, 2 bad input or configuration.
#include <fmt/core.h>

#include <exception>

#include "framework/core/check.h"
#include "framework/core/log.h"
#include "kernels/variants.h"
#include "tools/cfrun/command.h"
#include "tools/cfrun/ranks.h"
#include "tools/cfrun/version.h"

namespace {

int run(int argc, char** argv) {
  CLI::App app("Pan-sharpening networks: train, test and understand them.", "cfrun");
  app.set_version_flag("--version", [] { return cf::version_text(); });
  app.require_subcommand(1);
  std::string variants;
  app.add_option("--kernels", variants, "variants to compute with, \"conv:onednn,...\"; `cfrun kernels list` shows them")
      ->envname("CF_KERNELS");
  cf::Action action;
  for (const auto add : {cf::add_train, cf::add_fuse, cf::add_test, cf::add_metrics, cf::add_info, cf::add_simulate,
                         cf::add_synth, cf::add_summary, cf::add_schema, cf::add_gradcheck, cf::add_bench, cf::add_kernels,
                         cf::add_ranks, cf::add_diff, cf::add_convert, cf::add_manual, cf::add_completion}) {
    add(app, action);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    // Where the first word is no command, CLI11 only says that one is missing.
    const auto rest = app.remaining();
    cf::check(rest.empty() || e.get_exit_code() == 0 || !app.get_subcommands().empty(),
              "'{}' is no command; `cfrun --help` lists them", rest.empty() ? "" : rest.front());
    return app.exit(e) == 0 ? 0 : 2;
  }
  const cf::UseVariants chosen(variants);
  if (!chosen.description().empty()) cf::log::info("kernels: {}", chosen.description());
  for (const char* command : {"train", "test", "fuse", "ranks"}) {
    if (app.got_subcommand(command)) cf::world();  // from here on one rank speaks for all
  }
  const int code = action();
  cf::close_ranks();
  return code;
}

int failed(const char* what, const std::string& reason, int code) {
  cf::fail_ranks(reason, code);
  fmt::print(stderr, "cfrun: {}: {}\n", what, reason);
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const cf::Error& e) {
    return failed("error", e.what(), 2);
  } catch (const std::exception& e) {
    return failed("failed", e.what(), 1);
  }
}
