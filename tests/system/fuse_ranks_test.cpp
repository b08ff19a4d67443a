// cfrun fuse and cfrun test over several ranks: the same files as one rank writes.
#include <csignal>
#include <thread>

#include "framework/io/files.h"
#include "tests/system/scene_files.h"
#include "tests/system/workplace.h"

namespace cf::test {
namespace {

ordered_json network(const std::string& name) {
  ordered_json e = small_experiment();
  if (name == "fusionnet") e["model"] = {{"name", name}};
  if (name == "ssdiff") {
    e["model"] = {{"name", name}, {"ssdiff", {{"dim", 8}, {"head_dim", 8}}}};
    e["tiles"] = {{"size", 16}, {"stride", 8}};
    e["sampler"] = {{"steps", 2}};
  }
  return e;
}

// A scene, and a network that was trained for two steps.
class FusePlace : public Workplace {
 public:
  explicit FusePlace(const std::string& name, const SceneSpec& scene = {}) {
    write_json(*this / "small.json", network(name));
    const Outcome outcome = train("run", {"train.max_steps=2"});
    check(outcome.code == 0, "training for a checkpoint failed: {}", outcome.err);
    write_scene(path(), scene);
  }

  Arguments words(const std::string& output, const Arguments& more = {}) const {
    Arguments all = {"fuse", "--checkpoint", "run/last.cfk", "--pan", "pan.tif", "--ms", "ms.tif", "-o", output};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
};

TEST_CASE("fuse: every network fuses a scene, whatever its tiles") {
  if (!has_gdal()) return;
  for (const char* name : {"cf2n", "fusionnet", "ssdiff"}) {
    CAPTURE(name);
    const FusePlace place(name, {.nodata = 0, .holes = true});
    check_outcome(place.run(place.words("out.tif", {"--tile", "128", "--type", "f32"})), 0, {});
    const Image whole = read_image(place / "out.tif");
    check_outcome(place.run(place.words("out.tif", {"--tile", "48", "--type", "f32"})), 0, {});
    const Image tiled = read_image(place / "out.tif");
    REQUIRE(whole.samples.size() == tiled.samples.size());
    const auto [low, high] = std::minmax_element(whole.samples.begin(), whole.samples.end());
    CHECK(*low < *high);
    float worst = 0;
    for (std::size_t i = 0; i < whole.samples.size(); ++i) worst = std::max(worst, std::abs(whole.samples[i] - tiled.samples[i]));
    CHECK(worst < 1e-5F * 2047);
  }
}

TEST_CASE("fuse: two ranks write what one writes") {
  if (!has_gdal()) return;
  for (const char* name : {"cf2n", "ssdiff"}) {
    CAPTURE(name);
    // Five parts, so that the last round is not full.
    const FusePlace place(name, {.rows = 64, .cols = 300, .nodata = 0, .holes = true});
    if (!has_ranks(place)) return;
    check_outcome(place.run(place.words("one.tif", {"--tile", "64", "--compress", "none", "--json", "one.json"})), 0, {});
    const Arguments two = {"--tile", "64", "--compress", "none", "--json", "two.json", "--report", "two.html", "--ranks", "2"};
    check_outcome(place.run(place.words("two.tif", two)), 0, {});
    CHECK(read_text(place / "one.tif") == read_text(place / "two.tif"));
    const ordered_json one = read_json(place / "one.json");
    const ordered_json both = read_json(place / "two.json");
    CHECK(one.at("counts") == both.at("counts"));
    CHECK(one.at("tiles") == both.at("tiles"));
    CHECK(!std::filesystem::exists(place / "two.tif.part"));
  }
}

TEST_CASE("fuse: of a classical method, the first of two ranks does all") {
  if (!has_gdal()) return;
  const Workplace place;
  if (!has_ranks(place)) return;
  write_scene(place.path(), {});
  const auto words = [](const std::string& output, const Arguments& more) {
    Arguments all = {"fuse", "--method", "exp", "--pan", "pan.tif", "--ms", "ms.tif", "-o", output};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  };
  check_outcome(place.run(words("one.tif", {})), 0, {});
  check_outcome(place.run(words("two.tif", {"--ranks", "2"})), 0, {});
  CHECK(read_text(place / "one.tif") == read_text(place / "two.tif"));
}

TEST_CASE("fuse: two ranks are interrupted, and one goes on with equal bytes") {
  if (!has_gdal()) return;
  const FusePlace place("cf2n", {.rows = 512, .cols = 512});
  if (!has_ranks(place)) return;
  const Arguments more = {"--tile", "32", "--compress", "none"};
  check_outcome(place.run(place.words("one.tif", more)), 0, {});
  Arguments two = place.words("two.tif", more);
  two.insert(two.end(), {"--ranks", "2"});
  {
    Program program(place.path(), two);
    for (int i = 0; i < 30000 && program.running(); ++i) {
      std::error_code ignored;
      const auto bytes = std::filesystem::file_size(place / "two.tif.part", ignored);
      if (!ignored && bytes > 4 * 32 * 32 * 4 * 2 + 16384) break;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    REQUIRE(program.running());
    program.signal(SIGTERM);
    check_outcome(program.wait(), 128 + SIGTERM, {"are kept in two.tif.part"});
  }
  CHECK(!std::filesystem::exists(place / "two.tif"));
  check_outcome(place.run(place.words("two.tif", {"--tile", "32", "--compress", "none", "--resume"})), 0,
                {"tiles are there from the interrupted run"});
  CHECK(read_text(place / "one.tif") == read_text(place / "two.tif"));
}

TEST_CASE("test: two ranks find what one finds") {
  for (const char* name : {"cf2n", "ssdiff"}) {
    CAPTURE(name);
    const FusePlace place(name);
    if (!has_ranks(place)) return;
    write_set<float>(place / "test.h5", {.samples = 3, .height = 16, .width = 16});
    const auto test = [&](const std::string& out, const Arguments& more) {
      Arguments words = {"test", "--checkpoint", "run/last.cfk", "--data", "test.h5", "--out", out};
      words.insert(words.end(), more.begin(), more.end());
      return place.run(words);
    };
    check_outcome(test("one", {}), 0, {});
    check_outcome(test("two", {"--ranks", "2"}), 0, {});
    CHECK(read_text(place / "one/metrics.csv") == read_text(place / "two/metrics.csv"));
    CHECK(place.names("one") == place.names("two"));
    for (const std::string& file : place.names("one")) {
      if (file.ends_with(".png")) CHECK(read_text(place / ("one/" + file)) == read_text(place / ("two/" + file)));
    }
    if (name != std::string("ssdiff")) continue;
    check_outcome(test("steps1", {"--steps", "1,2"}), 0, {});
    check_outcome(test("steps2", {"--steps", "1,2", "--ranks", "2"}), 0, {});
    const auto means = [&](const std::string& out) {
      ordered_json all = ordered_json::array();
      const ordered_json found = read_json(place / (out + "/steps.json"));
      for (const ordered_json& row : found.at("rows")) all.push_back(row.at("mean"));
      return all;
    };
    CHECK(means("steps1") == means("steps2"));
  }
}

}  // namespace
}  // namespace cf::test
