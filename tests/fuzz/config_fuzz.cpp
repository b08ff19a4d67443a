// Configurations: a JSON text, and behind the first zero byte overrides, one per line, as --set takes them.
#include "framework/io/config.h"
#include "tests/fuzz/harness.h"
#include "tools/cfrun/experiment.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const cf::ordered_json schema = cf::experiment_schema();
  const auto [text, lines] = cf::fuzz::parts_of({reinterpret_cast<const char*>(data), size});
  cf::fuzz::read(size, [&, text = text, lines = lines] {
    cf::ordered_json json = cf::parse_json(text, "input.json");
    for (std::size_t at = 0; at < lines.size();) {
      const std::size_t end = std::min(lines.find('\n', at), lines.size());
      cf::config::apply_override(json, schema, lines.substr(at, end - at));
      at = end + 1;
    }
    // What was accepted is written into checkpoints and read from there.
    const cf::Experiment experiment = cf::experiment_from(json, "input.json");
    const cf::ordered_json written = cf::to_json(experiment);
    if (cf::to_json(cf::experiment_from(written, "written")) != written) std::abort();
  });
  return 0;
}
