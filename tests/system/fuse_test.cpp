// cfrun fuse: scenes from rasters to rasters.
#include <csignal>
#include <thread>

#include "framework/io/files.h"
#include "tests/system/scene_files.h"
#include "tests/system/workplace.h"

namespace cf::test {
namespace {

Arguments fuse_with(const Arguments& method, const Arguments& more = {}) {
  Arguments words = {"fuse", "--pan", "pan.tif", "--ms", "ms.tif", "-o", "out.tif"};
  words.insert(words.end(), method.begin(), method.end());
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

// A tiny CF2N for four bands of 11 bits, whose result differs from the LMS; made once per test program.
const std::filesystem::path& small_network() {
  static const Workplace place;
  static const std::filesystem::path path = [] {
    const Outcome outcome = place.train("run", {"train.max_steps=3", "optimizer.lr=0.05"});
    check(outcome.code == 0, "training for a checkpoint failed: {}", outcome.err);
    return place / "run/last.cfk";
  }();
  return path;
}
// One that is nearly the LMS, as a trained one is: the other multiplies every difference.
Arguments calm_network() { return {"--checkpoint", some_checkpoint().string()}; }
Arguments network() { return {"--checkpoint", small_network().string()}; }
Arguments method(const std::string& name) { return {"--method", name}; }

bool is_nodata(float value, const SceneSpec& spec) {
  return std::isnan(spec.nodata.value()) ? std::isnan(value) : value == static_cast<float>(*spec.nodata);
}

TEST_CASE("fuse: the output lies on PAN's grid and carries what MS says of itself") {
  if (!has_gdal()) return;
  const Workplace place;
  write_scene(place.path(), {.shift = 1});
  const Outcome outcome = place.run(fuse_with(method("exp"), {"--json", "summary.json"}));
  check_outcome(outcome, 0, {});
  const auto out = open_raster(place / "out.tif");
  const RasterInfo& info = out->info();
  CHECK(info.rows == 127);
  CHECK(info.cols == 159);
  CHECK(info.type == SampleType::u16);
  CHECK(info.transform == GeoTransform{500000.5, 4499999.5, 0.5, -0.5});
  CHECK(crs_name(info.crs) == "EPSG:32635");
  REQUIRE(info.bands.size() == 4);
  CHECK(info.bands[3].name == "NIR");
  CHECK(info.bands[0].colour == "Blue");
  CHECK(!info.bands[0].nodata);
  CHECK(contains(outcome.out, "out.tif: 159 x 127 pixels, 4 bands, u16, EPSG:32635"));
  const ordered_json summary = read_json(place / "summary.json");
  CHECK(summary.at("alignment").at("offset_x") == doctest::Approx(-1));
  CHECK(summary.at("counts").at("pixels") == 127 * 159);
  CHECK(summary.at("counts").at("nodata") == 0);
  CHECK(place.names() == std::vector<std::string>{"ms.tif", "out.tif", "pan.tif", "small.json", "summary.json", "train.h5"});
}

TEST_CASE("fuse: what was fused, averaged over MS pixels, is MS") {
  if (!has_gdal()) return;
  const Workplace place;
  write_scene(place.path(), {});
  const Image ms = read_image(place / "ms.tif");
  std::vector<Arguments> methods = {calm_network()};
  for (const char* name : {"exp", "brovey", "gsa", "bt-h", "mtf-glp-fs"}) methods.push_back(method(name));
  for (const Arguments& words : methods) {
    CAPTURE(words.back());
    check_outcome(place.run(fuse_with(words)), 0, {});
    const Image out = read_image(place / "out.tif");
    double xy = 0, xx = 0, yy = 0, x = 0, y = 0;
    const auto n = static_cast<double>(ms.rows * ms.cols);
    for (std::int64_t i = 0; i < ms.rows * ms.cols; ++i) {
      double mean = 0;
      for (std::int64_t k = 0; k < 16; ++k) mean += out.at(4 * (i / ms.cols) + k / 4, 4 * (i % ms.cols) + k % 4, 1) / 16;
      const double value = ms.at(i / ms.cols, i % ms.cols, 1);
      xy += mean * value / n, xx += mean * mean / n, yy += value * value / n, x += mean / n, y += value / n;
    }
    CHECK((xy - x * y) / std::sqrt((xx - x * x) * (yy - y * y)) > 0.97);
  }
}

// Fuses a scene with holes and the same without; compares.
void check_holes(const Workplace& place, const Arguments& words, const SceneSpec& spec) {
  SceneSpec full = spec;
  full.holes = false;
  full.nodata.reset();
  write_scene(place.path(), full);
  check_outcome(place.run(fuse_with(words)), 0, {});
  const Image whole = read_image(place / "out.tif");
  write_scene(place.path(), spec);
  check_outcome(place.run(fuse_with(words)), 0, {});
  const auto written = open_raster(place / "out.tif");
  REQUIRE(written->info().bands[0].nodata.has_value());
  CHECK(
      (std::isnan(*spec.nodata) ? std::isnan(*written->info().bands[0].nodata) : written->info().bands[0].nodata == spec.nodata));
  const Image out = read_image(place / "out.tif");
  const Image pan = read_image(place / "pan.tif");
  const Image ms = read_image(place / "ms.tif");
  REQUIRE(out.rows == spec.rows - spec.shift);
  REQUIRE(out.rows == whole.rows);
  // The mask: PAN's pixel is nodata or the MS pixel that it lies in.
  std::vector<char> hole(static_cast<std::size_t>(out.rows * out.cols));
  std::int64_t wrong = 0, holes = 0;
  for (std::int64_t i = 0; i < out.rows * out.cols; ++i) {
    const std::int64_t y = i / out.cols, x = i % out.cols;
    const bool expected =
        is_nodata(pan.at(y, x, 0), spec) || is_nodata(ms.at((y + spec.shift) / 4, (x + spec.shift) / 4, 0), spec);
    hole[static_cast<std::size_t>(i)] = expected ? 1 : 0;
    holes += expected ? 1 : 0;
    for (std::int64_t b = 0; b < out.bands; ++b) wrong += is_nodata(out.at(y, x, b), spec) != expected ? 1 : 0;
  }
  CHECK(wrong == 0);
  CHECK(holes > 500);
  // No ring: within 16 pixels of nodata.
  std::int64_t near = 0, small = 0;
  for (std::int64_t i = 0; i < out.rows * out.cols; ++i) {
    if (hole[static_cast<std::size_t>(i)] != 0) continue;
    const std::int64_t y = i / out.cols, x = i % out.cols;
    bool close = false;
    for (std::int64_t r = std::max<std::int64_t>(0, y - 16); r <= std::min(out.rows - 1, y + 16) && !close; ++r) {
      for (std::int64_t c = std::max<std::int64_t>(0, x - 16); c <= std::min(out.cols - 1, x + 16) && !close; ++c) {
        close = hole[static_cast<std::size_t>(r * out.cols + c)] != 0;
      }
    }
    if (!close) continue;
    for (std::int64_t b = 0; b < out.bands; ++b) {
      ++near;
      small += std::abs(out.at(y, x, b) - whole.at(y, x, b)) < 0.01 * spec.full ? 1 : 0;
    }
  }
  CHECK(near > 1000);
  CAPTURE(near);
  CAPTURE(small);
  CHECK(static_cast<double>(small) >= 0.95 * static_cast<double>(near));
}

TEST_CASE("fuse: nodata corners and shifted extents in every type") {
  if (!has_gdal()) return;
  const Workplace place;
  const std::vector<SceneSpec> specs = {{.type = SampleType::u8, .nodata = 0, .holes = true, .shift = 1, .full = 255},
                                        {.type = SampleType::u16, .nodata = 0, .holes = true, .shift = 1},
                                        {.type = SampleType::i16, .nodata = -9999, .holes = true, .shift = 1},
                                        {.type = SampleType::f32, .nodata = kNan, .holes = true, .shift = 1}};
  for (const SceneSpec& spec : specs) {
    CAPTURE(name_of(spec.type));
    Arguments words = calm_network();
    if (spec.full == 255) words.insert(words.end(), {"--bit-depth", "8"});
    check_holes(place, words, spec);
    check_holes(place, method("exp"), spec);
  }
  check_holes(place, method("brovey"), specs[1]);
  check_holes(place, method("mtf-glp-fs"), specs[1]);
}

double largest_difference(const Image& a, const Image& b) {
  REQUIRE(a.samples.size() == b.samples.size());
  double largest = 0;
  std::int64_t other_mask = 0;
  for (std::size_t i = 0; i < a.samples.size(); ++i) {
    other_mask += std::isnan(a.samples[i]) == std::isnan(b.samples[i]) ? 0 : 1;
    if (!std::isnan(a.samples[i])) largest = std::max(largest, static_cast<double>(std::abs(a.samples[i] - b.samples[i])));
  }
  CHECK(other_mask == 0);
  return largest;
}

TEST_CASE("fuse: the result does not depend on the tiles") {
  if (!has_gdal()) return;
  const Workplace place;
  write_scene(place.path(), {.rows = 260, .cols = 300, .type = SampleType::f32, .nodata = kNan, .holes = true, .shift = 1});
  check_outcome(place.run(fuse_with(network(), {"--tile", "512"})), 0, {});
  const Image whole = read_image(place / "out.tif");
  check_outcome(place.run(fuse_with(method("exp"))), 0, {});
  CHECK(largest_difference(whole, read_image(place / "out.tif")) > 1);  // the network does something
  for (const char* tile : {"64", "128", "200"}) {
    check_outcome(place.run(fuse_with(network(), {"--tile", tile})), 0, {});
    CHECK(largest_difference(whole, read_image(place / "out.tif")) < 1e-5 * 2047);
  }
  for (const char* name : {"exp", "brovey", "gsa", "bt-h", "mtf-glp-fs"}) {
    CAPTURE(name);
    check_outcome(place.run(fuse_with(method(name), {"--tile", "512"})), 0, {});
    const Image one = read_image(place / "out.tif");
    check_outcome(place.run(fuse_with(method(name), {"--tile", "72"})), 0, {});
    CHECK(largest_difference(one, read_image(place / "out.tif")) < 1e-5 * 2047);
  }
}

// Runs until some tiles are kept, then ends it with a signal.
Outcome interrupt(const Workplace& place, const Arguments& words, int number) {
  Program program(place.path(), words);
  const auto part = place / "out.tif.part";
  for (int i = 0; i < 12000 && program.running(); ++i) {
    std::error_code ignored;
    const auto bytes = std::filesystem::exists(part, ignored) ? std::filesystem::file_size(part, ignored) : 0;
    if (bytes > 3 * 32 * 32 * 4 * 2 + 8192) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  REQUIRE(program.running());
  program.signal(number);
  return program.wait();
}

TEST_CASE("fuse: killed in the middle, then resumed with equal pixels") {
  if (!has_gdal()) return;
  const Workplace place;
  write_scene(place.path(), {.rows = 512, .cols = 512, .nodata = 0, .holes = true});
  const Arguments words = fuse_with(network(), {"--tile", "32"});
  check_outcome(place.run(words), 0, {});
  const Image whole = read_image(place / "out.tif");
  std::filesystem::remove(place / "out.tif");

  CHECK(interrupt(place, words, SIGKILL).code == 128 + SIGKILL);
  CHECK(!std::filesystem::exists(place / "out.tif"));
  CHECK(std::filesystem::exists(place / "out.tif.part"));
  // Without --resume nothing is thrown away; other options or another checkpoint are refused.
  check_refused(place.run(words), {"out.tif.part", "--resume"});
  Arguments other = words;
  other.insert(other.end(), {"--phase", "toolbox", "--resume"});
  check_refused(place.run(other), {"out.tif.part: parts of another run: phase was"});
  Arguments resume = words;
  resume.insert(resume.end(), {"--resume", "--json", "summary.json"});
  check_outcome(place.run(resume), 0, {"tiles are there from the interrupted run"});
  CHECK(read_image(place / "out.tif").samples == whole.samples);
  CHECK(read_json(place / "summary.json").at("tiles").at("resumed") >= 3);
  CHECK(place.names() == std::vector<std::string>{"ms.tif", "out.tif", "pan.tif", "small.json", "summary.json", "train.h5"});
}

TEST_CASE("fuse: Ctrl-C and SIGTERM leave no half file") {
  if (!has_gdal()) return;
  const Workplace place;
  write_scene(place.path(), {.rows = 512, .cols = 512});
  const Arguments words = fuse_with(network(), {"--tile", "32"});
  write_file(place / "out.tif", "what stood there");
  for (const int number : {SIGINT, SIGTERM}) {
    check_outcome(interrupt(place, words, number), 128 + number, {"are kept in out.tif.part", "--resume"});
    CHECK(read_text(place / "out.tif") == "what stood there");
    CHECK(place.names() == std::vector<std::string>{"ms.tif", "out.tif", "out.tif.part", "pan.tif", "small.json", "train.h5"});
    std::filesystem::remove(place / "out.tif.part");
  }
}

TEST_CASE("fuse: options of the output") {
  if (!has_gdal()) return;
  const Workplace place;
  write_scene(place.path(), {});
  const auto fused = [&](const Arguments& more) {
    const Outcome outcome = place.run(fuse_with(method("exp"), more));
    check_outcome(outcome, 0, {});
    return outcome;
  };
  const Outcome narrow = fused({"--type", "u8"});
  CHECK(contains(narrow.out, "clamped to the range of u8"));
  CHECK(open_raster(place / "out.tif")->info().type == SampleType::u8);
  fused({"--type", "Float32", "--compress", "zstd", "--overviews"});
  CHECK(open_raster(place / "out.tif")->info().type == SampleType::f32);
  const Image floats = read_image(place / "out.tif");
  fused({"--cog", "--compress", "lzw"});
  const Image rounded = read_image(place / "out.tif");
  CHECK(largest_difference(floats, rounded) <= 0.5);
  // Bands chosen and reordered.
  fused({"--bands", "3,1"});
  const auto chosen = open_raster(place / "out.tif");
  REQUIRE(chosen->info().bands.size() == 2);
  CHECK(chosen->info().bands[0].name == "Red");
  const Image two = read_image(place / "out.tif");
  CHECK(two.at(40, 50, 0) == rounded.at(40, 50, 2));
  CHECK(two.at(40, 50, 1) == rounded.at(40, 50, 0));
  // The toolbox's phase is half a pixel off.
  fused({"--phase", "toolbox"});
  CHECK(largest_difference(read_image(place / "out.tif"), rounded) > 5);
}

TEST_CASE("fuse: MS of several files") {
  if (!has_gdal()) return;
  const Workplace place;
  write_scene(place.path(), {});
  check_outcome(place.run(fuse_with(method("gsa"))), 0, {});
  const Image together = read_image(place / "out.tif");
  const Image ms = read_image(place / "ms.tif");
  Arguments words = {"fuse", "--method", "gsa", "--pan", "pan.tif", "-o", "out.tif", "--ms"};
  for (std::int64_t b = 0; b < 4; ++b) {
    RasterInfo info = scene_info({}, false);
    info.bands.resize(1);
    const std::string name = "b" + std::to_string(b) + ".tif";
    write_raster(place / name, info, [&](auto y, auto x, auto) { return ms.at(y, x, b); });
    words.push_back(name);
  }
  check_outcome(place.run(words), 0, {});
  CHECK(read_image(place / "out.tif").samples == together.samples);
}

TEST_CASE("fuse: extents") {
  if (!has_gdal()) return;
  const Workplace place;
  write_scene(place.path(), {.shift = 6});
  const auto size = [&](const std::string& extent) {
    check_outcome(place.run(fuse_with(method("brovey"), {"--extent", extent})), 0, {});
    return read_image(place / "out.tif");
  };
  const Image inside = size("intersection");
  CHECK(inside.rows == 122);
  const Image pan = size("pan");
  CHECK(pan.rows == 128);
  CHECK(pan.at(125, 10, 0) == 0);  // nodata: no MS there
  CHECK(open_raster(place / "out.tif")->info().bands[0].nodata == 0.0);
  CHECK(pan.at(50, 60, 2) == inside.at(50, 60, 2));
  const Image both = size("union");
  CHECK(both.rows == 134);
  CHECK(both.at(3, 10, 0) == 0);  // no PAN there
  CHECK(both.at(56, 66, 2) == inside.at(50, 60, 2));
}

TEST_CASE("fuse: nodata is counted, moved and said") {
  if (!has_gdal()) return;
  const Workplace place;
  write_scene(place.path(), {});
  const Image ms = read_image(place / "ms.tif");
  const std::string value = std::to_string(static_cast<int>(ms.at(20, 20, 0)));
  const Outcome said = place.run(fuse_with(method("exp"), {"--nodata", value, "--out-nodata", "900"}));
  check_outcome(said, 0, {});
  CHECK(contains(said.out, "without data:"));
  CHECK(contains(said.out, "equal to nodata (900) and moved by one step"));
  const Outcome odd = place.run(fuse_with(method("exp"), {"--nodata", "-9999"}));
  check_outcome(odd, 0, {"nodata is -9999, which u16 cannot hold"});
  check_outcome(place.run(fuse_with(method("exp"), {"--nodata", "nan"})), 0, {"nodata is NaN, which u16 cannot hold"});
  check_refused(place.run(fuse_with(method("exp"), {"--out-nodata", "-1"})), {"--out-nodata -1", "u16"});
  check_refused(place.run(fuse_with(method("exp"), {"--nodata", "much"})), {"--nodata much"});
}

TEST_CASE("fuse: values above the scale are counted") {
  if (!has_gdal()) return;
  const Workplace place;
  write_scene(place.path(), {});
  const Outcome outcome = place.run(fuse_with(network(), {"--scale", "1200"}));
  check_outcome(outcome, 0, {});
  CHECK(contains(outcome.out, "samples of PAN and MS above the scale 1200"));
  check_outcome(place.run(fuse_with(network(), {"--bit-depth", "auto"})), 0, {"scale: 2047"});
}

}  // namespace
}  // namespace cf::test
