// Nodata, samples of the output, kept parts, and the stream of a whole scene.
#include <doctest/doctest.h>

#include <atomic>
#include <barrier>
#include <cstring>
#include <fstream>
#include <random>
#include <thread>

#include "data/scene/encode.h"
#include "data/scene/look.h"
#include "data/scene/stream.h"
#include "tests/data/memory_raster.h"
#include "tests/harness/temp_folder.h"

namespace cf::test {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

TEST_CASE("nodata: which pixels have none") {
  RasterInfo info = raster_info(1, 4, 2, {}, SampleType::i16);
  info.bands[1].nodata = -9999;
  std::vector<std::string> remarks;
  const std::vector<std::int64_t> bands = {0, 1};
  const std::vector<float> samples = {-9999, 5, 7, -9999, 1, 2, 3, 4};
  const auto marked = [&](const NodataRule& rule) {
    std::vector<std::uint8_t> valid(4, 1);
    rule.mark(samples, valid);
    return valid;
  };
  const NodataRule declared(info, bands, {}, remarks);
  CHECK(marked(declared) == std::vector<std::uint8_t>{1, 0, 1, 1});
  CHECK(declared.text() == "-9999");
  NodataChoice choice;
  choice.ignore = true;
  CHECK(!NodataRule(info, bands, choice, remarks).possible());
  choice = {};
  choice.input = 3;
  CHECK(marked(NodataRule(info, bands, choice, remarks)) == std::vector<std::uint8_t>{1, 1, 1, 0});
  CHECK(remarks.empty());
  choice.input = kNaN;
  const NodataRule odd(info, bands, choice, remarks);
  CHECK(!odd.possible());
  REQUIRE(remarks.size() == 1);
  CHECK(contains(remarks[0], "nodata is NaN, which i16 cannot hold"));
  // What is not finite has no data, whatever is declared.
  info.type = SampleType::f32;
  const NodataRule floats(info, bands, {}, remarks);
  std::vector<std::uint8_t> valid(2, 1);
  CHECK(!floats.mark(std::vector<float>{1, 2, static_cast<float>(kNaN), 1}, valid));
  CHECK(valid == std::vector<std::uint8_t>{1, 0});
}

TEST_CASE("nodata: of the output") {
  RasterInfo info = raster_info(1, 1, 1, {});
  const std::vector<std::int64_t> bands = {0};
  std::vector<std::string> remarks;
  const NodataRule none(info, bands, {}, remarks);
  info.bands[0].nodata = 0;
  const NodataRule zero(info, bands, {}, remarks);
  info.type = SampleType::f32;
  info.bands[0].nodata = kNaN;
  const NodataRule nan(info, bands, {}, remarks);
  CHECK(!output_nodata(SampleType::u16, none, none, {}, false, remarks));
  CHECK(output_nodata(SampleType::u16, none, none, {}, true, remarks) == 0.0);
  CHECK(output_nodata(SampleType::i16, none, none, {}, true, remarks) == -32768.0);
  CHECK(output_nodata(SampleType::u16, zero, none, {}, false, remarks) == 0.0);
  CHECK(std::isnan(output_nodata(SampleType::f32, zero, nan, {}, false, remarks).value()));
  CHECK(remarks.empty());
  CHECK(output_nodata(SampleType::u16, none, nan, {}, false, remarks) == 0.0);
  CHECK(contains(remarks.at(0), "nodata NaN does not fit the output's type u16: 0"));
  NodataChoice choice;
  choice.output = -9999;
  CHECK(output_nodata(SampleType::i16, none, none, choice, false, remarks) == -9999.0);
  CHECK(contains(error_of([&] { output_nodata(SampleType::u16, none, none, choice, false, remarks); }), "--out-nodata -9999"));
}

TEST_CASE("nodata: holes are filled with the nearest valid pixel") {
  constexpr std::int64_t kRows = 31, kCols = 37;
  std::mt19937 random(3);
  std::vector<float> samples(kRows * kCols * 2);
  std::vector<std::uint8_t> valid(kRows * kCols);
  for (std::size_t i = 0; i < valid.size(); ++i) {
    valid[i] = random() % 9 == 0 ? 1 : 0;
    samples[2 * i] = static_cast<float>(i);
    samples[2 * i + 1] = static_cast<float>(random() % 1000);
  }
  const std::vector<float> before = samples;
  fill_nearest(samples, kRows, kCols, 2, valid, 5);
  std::int64_t filled = 0;
  for (std::int64_t i = 0; i < kRows * kCols; ++i) {
    std::int64_t best = 26;
    for (std::int64_t j = 0; j < kRows * kCols; ++j) {
      if (valid[static_cast<std::size_t>(j)] == 0) continue;
      const std::int64_t dy = j / kCols - i / kCols, dx = j % kCols - i % kCols;
      best = std::min(best, dy * dy + dx * dx);
    }
    const auto source = static_cast<std::int64_t>(samples[static_cast<std::size_t>(2 * i)]);
    if (best == 26) continue;  // farther than 5: the mean
    ++filled;
    const std::int64_t dy = source / kCols - i / kCols, dx = source % kCols - i % kCols;
    CHECK(dy * dy + dx * dx == best);
    CHECK(valid[static_cast<std::size_t>(source)] == 1);
    CHECK(samples[static_cast<std::size_t>(2 * i + 1)] == before[static_cast<std::size_t>(2 * source + 1)]);
  }
  CHECK(filled > 1000);
}

TEST_CASE("samples: rounding, range, nodata") {
  const auto encode = [](SampleType type, std::optional<double> nodata, const std::vector<float>& values, SceneCounts& counts) {
    const auto n = static_cast<std::int64_t>(values.size());
    const SampleEncoder encoder(type, range_of(type), nodata, 10);
    const Tensor fused = Tensor::from(Shape{1, n, 1}, values);
    std::vector<std::uint8_t> valid(values.size(), 1);
    valid.back() = 0;
    const Tensor samples = encoder.encode(fused, {0, 0, 1, n}, Tensor::from(Shape{1, 1, n, 1}, valid), {0, 0, 1, n}, counts);
    return from_stored(type, std::as_bytes(samples.span<std::uint8_t>()));
  };
  SceneCounts u8;
  CHECK(encode(SampleType::u8, 0.0, {0.25F, 0.35F, 0.04F, -3, 25.54F, 25.6F, 7}, u8) ==
        std::vector<float>{3, 4, 1, 1, 255, 255, 0});
  CHECK(u8.clamped == 2);  // -30 and 256; 255.4 rounds into the range
  CHECK(u8.moved == 2);
  CHECK(u8.nodata == 1);
  SceneCounts i16;
  CHECK(encode(SampleType::i16, -9999.0, {-0.25F, -999.9F, -0.05F, 4000, 0}, i16) ==
        std::vector<float>{-3, -9998, -1, 32767, -9999});
  CHECK(i16.clamped == 1);
  CHECK(i16.moved == 1);
  SceneCounts f32;
  const std::vector<float> floats = encode(SampleType::f32, kNaN, {0.123F, -5, 0}, f32);
  CHECK(floats[0] == 0.123F * 10);
  CHECK(std::isnan(floats[2]));
  CHECK(f32.moved == 0);
  SceneCounts beside;
  CHECK(encode(SampleType::f32, 0.0, {0, 1, 1}, beside)[0] == std::nextafter(0.0F, 1.0F));
  CHECK(encode(SampleType::u8, 255.0, {25.5F, 1}, beside)[0] == 254);
  CHECK(contains(error_of([&] {
                   encode(SampleType::u8, 0.0, {1, std::numeric_limits<float>::infinity(), 1}, beside);
                 }),
                 "not a finite number"));
}

TEST_CASE("a look at the values judges the scale") {
  MemoryRaster pan(raster_info(300, 300, 1, {}), [](auto y, auto x, auto) { return static_cast<float>(100 + (y + x) % 900); });
  MemoryRaster ms(raster_info(75, 75, 4, {}), [](auto y, auto x, auto) { return static_cast<float>(50 + (y + x) % 90); });
  std::vector<std::string> remarks;
  const std::vector<std::int64_t> one = {0}, four = {0, 1, 2, 3};
  const ValueLook p = look_at(pan, NodataRule(pan.info(), one, {}, remarks), one);
  const ValueLook m = look_at(ms, NodataRule(ms.info(), four, {}, remarks), four);
  CHECK(p.whole);
  CHECK(p.count == 300 * 300);
  CHECK(p.lowest == 100);
  CHECK(p.largest == 698);
  CHECK(m.median == doctest::Approx(93).epsilon(0.1));
  CHECK(scale_for(p, m, true) == 1023);
  CHECK(judge_scale(p, m, 1023).text.empty());
  CHECK(judge_scale(p, m, 2047).text.empty());
  CHECK(judge_scale(p, m, 65535).far_off);
  CHECK(contains(judge_scale(p, m, 65535).text, "tiny"));
  CHECK(judge_scale(p, m, 16383).text.size() > 0);
  CHECK(!judge_scale(p, m, 16383).far_off);
  CHECK(judge_scale(p, m, 255).far_off);
  CHECK(contains(judge_scale(p, m, 255).text, "--scale 1023 or --bit-depth auto"));
}

std::vector<std::byte> stored(const std::vector<float>& samples) { return to_stored(SampleType::u16, samples); }

std::vector<float> read(const PartFile& parts, std::int64_t index, std::size_t samples, SceneCounts& counts) {
  std::vector<std::byte> bytes(2 * samples);
  parts.read(index, bytes, counts);
  return from_stored(SampleType::u16, bytes);
}

TEST_CASE("kept parts come back; cut-off ones and those of other runs do not") {
  const TempFolder folder;
  const auto path = PartFile::beside(folder / "out.tif");
  CHECK(path.filename() == "out.tif.part");
  const SceneIdentity identity = {{"method", "cf2n"}, {"tiles", "64 x 64"}};
  const std::vector<float> first = {1, 2, 65535}, second = {4, 5};
  {
    PartFile parts(path, identity, false);
    CHECK(parts.done() == 0);
    parts.append(stored(first), {1, 2, 3, 4});
    parts.append(stored(second), {});
  }
  CHECK(contains(error_of([&] { PartFile(path, identity, false); }), "--resume"));
  const SceneIdentity other = {{"method", "cf2n"}, {"tiles", "128 x 128"}};
  CHECK(contains(error_of([&] { PartFile(path, other, true); }), "tiles was 64 x 64, is 128 x 128"));
  {
    PartFile parts(path, identity, true);
    REQUIRE(parts.done() == 2);
    SceneCounts counts;
    CHECK(read(parts, 0, 3, counts) == first);
    CHECK(read(parts, 1, 2, counts) == second);
    CHECK(contains(error_of([&] { read(parts, 1, 3, counts); }), "part 1 has 4 bytes, not 6"));
    CHECK(counts.moved == 4);
    CHECK(counts.nodata == 1);
  }
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 1);
  {
    PartFile parts(path, identity, true);
    CHECK(parts.done() == 1);
    parts.append(stored(second), {});
    parts.append(stored(first), {});
  }
  // A damaged byte inside the first record: nothing from there on is used.
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  const auto size = static_cast<std::streamoff>(std::filesystem::file_size(path));
  const auto record = 8 + 8 + 32 + 8;
  file.seekp(size - 3 * record - 6 - 4 - 6 + record);
  file.put('x');
  file.close();
  {
    PartFile parts(path, identity, true);
    CHECK(parts.done() == 0);
  }
  CHECK(!std::filesystem::exists(path));  // it held nothing
}

// The mean of PAN in the 7 x 7 pixels around, times the scene's mean of LMS, which a survey finds: depends on neighbours and on
// all.
class MeanMethod final : public SceneMethod {
 public:
  std::string name() const override { return "mean"; }
  SceneNeeds needs() const override { return {.halo = 3, .multiple = 2, .core = 256, .survey_core = 32}; }
  void begin(const SceneGrid& grid) override { bands_ = grid.bands; }
  void survey(const ScenePart& part) override {
    for (std::int64_t y = 0; y < part.core.rows; ++y) {
      for (std::int64_t x = 0; x < part.core.cols; ++x) {
        const std::int64_t at = (part.core.row - part.window.row + y) * part.window.cols + part.core.col - part.window.col + x;
        if (part.valid.span<std::uint8_t>()[static_cast<std::size_t>(at)] == 0) continue;
        sum_ += static_cast<double>(part.lms.span<float>()[static_cast<std::size_t>(at * bands_)]);
        ++count_;
      }
    }
  }
  std::string found() const override {
    std::string text(sizeof(sum_) + sizeof(count_), '\0');
    std::memcpy(text.data(), &sum_, sizeof(sum_));
    std::memcpy(text.data() + sizeof(sum_), &count_, sizeof(count_));
    return text;
  }
  void take_in(const std::string& found) override {
    double sum = 0;
    std::int64_t count = 0;
    std::memcpy(&sum, found.data(), sizeof(sum));
    std::memcpy(&count, found.data() + sizeof(sum), sizeof(count));
    sum_ += sum;
    count_ += count;
  }
  void finish_survey() override { finished_ = true; }
  Tensor fuse(const ScenePart& part) override {
    CHECK(finished_);
    ++fused;
    Tensor out = Tensor::empty({part.core.rows, part.core.cols, bands_});
    const auto mean = static_cast<float>(sum_ / static_cast<double>(count_));
    for (std::int64_t i = 0; i < part.core.pixels(); ++i) {
      float sum = 0;
      for (std::int64_t k = 0; k < 49; ++k) {
        const std::int64_t y = part.core.row - part.window.row + i / part.core.cols + k / 7 - 3;
        const std::int64_t x = part.core.col - part.window.col + i % part.core.cols + k % 7 - 3;
        sum += part.pan.span<float>()[static_cast<std::size_t>(y * part.window.cols + x)];
      }
      for (std::int64_t b = 0; b < bands_; ++b) {
        const std::int64_t at = (part.core.row - part.window.row + i / part.core.cols) * part.window.cols + part.core.col -
                                part.window.col + i % part.core.cols;
        out.span<float>()[static_cast<std::size_t>(i * bands_ + b)] =
            sum / 49 + part.lms.span<float>()[static_cast<std::size_t>(at * bands_ + b)] - mean;
      }
    }
    return out;
  }
  std::int64_t working_bytes(std::int64_t rows, std::int64_t cols) const override { return rows * cols * 64; }

  std::atomic<int> fused = 0;

 private:
  std::int64_t bands_ = 0;
  double sum_ = 0;
  std::int64_t count_ = 0;
  bool finished_ = false;
};

struct Run {
  std::vector<float> samples;
  StreamResult result;
  int fused = 0;
};

// A scene of 150 x 170 with holes.
Run run_scene(std::int64_t tile, PartFile* parts = nullptr, int stop_after = 1 << 30, int fail_after = 1 << 30,
              const SceneRanks& ranks = {}) {
  RasterInfo ms_info = raster_info(38, 43, 2, {0, 0, 4, -4});
  for (RasterBand& band : ms_info.bands) band.nodata = 0;
  MemoryRaster pan(raster_info(150, 170, 1, {0.3, 0, 1, -1}),
                   [](auto y, auto x, auto) { return field(static_cast<double>(y), static_cast<double>(x), 7); });
  MemoryRaster ms(ms_info, [](auto y, auto x, auto b) {
    return x + y < 20 || (x == 30 && y == 30)
               ? 0.0F
               : field(4 * static_cast<double>(y), 4 * static_cast<double>(x), static_cast<double>(b));
  });
  std::vector<std::string> remarks;
  const std::vector<std::int64_t> one = {0}, two = {0, 1};
  const NodataRule ms_rule(ms_info, two, {}, remarks);
  SceneSource source({pan, ms, align(pan.info(), ms.info()), two, NodataRule(pan.info(), one, {}, remarks), ms_rule, 1000});
  const SceneGrid grid = source.grid();
  MemoryWriter writer(grid.rows, grid.cols, 2);
  writer.after = [&](int n) { check(n < fail_after, "the disk is full"); };
  MeanMethod method;
  method.begin(grid);
  StreamOptions options;
  options.ranks = ranks;
  options.tiles = plan_tiles(method, source, {.bytes = std::int64_t{1} << 30U, .tile = tile, .block = 64});
  options.stopped = [&] { return method.fused >= stop_after; };
  const SampleEncoder encoder(SampleType::u16, range_of(SampleType::u16), 0.0, 1000);
  const StreamResult result = stream_scene(method, source, ranks.rank == 0 ? &writer : nullptr, encoder, parts, options);
  CHECK(writer.finished == (ranks.rank == 0 && !result.stopped));
  return {writer.samples, result, method.fused};
}

TEST_CASE("stream: the result does not depend on the tiles") {
  const Run whole = run_scene(200);
  CHECK(whole.result.tiles == 1);
  CHECK(whole.result.counts.nodata > 2000);
  CHECK(std::find(whole.samples.begin(), whole.samples.end(), -1.0F) == whole.samples.end());
  for (const std::int64_t tile : {16, 50, 64, 0}) {
    const Run run = run_scene(tile);
    CHECK(run.samples == whole.samples);
    CHECK(run.result.counts.nodata == whole.result.counts.nodata);
    CHECK(run.result.counts.above == whole.result.counts.above);
    CHECK(run.result.computed_pixels > whole.result.counts.nodata);
  }
  // Tiles without data are not fused.
  CHECK(run_scene(16).fused < 10 * 11);
}

TEST_CASE("stream: stopped and resumed with the same samples") {
  const TempFolder folder;
  const Run whole = run_scene(40);
  const SceneIdentity identity = {{"scene", "this"}};
  const auto path = PartFile::beside(folder / "out.tif");
  {
    PartFile parts(path, identity, false);
    const Run stopped = run_scene(40, &parts, 7);
    CHECK(stopped.result.stopped);
    CHECK(parts.done() >= 7);
  }
  PartFile parts(path, identity, true);
  const Run resumed = run_scene(40, &parts);
  CHECK(resumed.samples == whole.samples);
  CHECK(resumed.result.resumed_tiles >= 7);
  CHECK(resumed.fused == whole.fused - 7);
  CHECK(resumed.result.counts.nodata == whole.result.counts.nodata);
  CHECK(resumed.result.counts.above == whole.result.counts.above);
}

// Ranks that are threads.
class Meeting {
 public:
  explicit Meeting(int size) : texts_(static_cast<std::size_t>(size)), barrier_(size) {}

  SceneRanks ranks(int rank) {
    const auto exchange = [this, rank](const std::string& text) {
      texts_[static_cast<std::size_t>(rank)] = text;
      barrier_.arrive_and_wait();
      std::vector<std::string> all = texts_;
      barrier_.arrive_and_wait();
      return all;
    };
    const auto to_first = [exchange, rank](const std::string& text) {
      std::vector<std::string> all = exchange(text);
      return rank == 0 ? all : std::vector<std::string>();
    };
    return {rank, static_cast<int>(texts_.size()), exchange, to_first};
  }

 private:
  std::vector<std::string> texts_;
  std::barrier<> barrier_;
};

std::vector<Run> run_on_ranks(int size, PartFile* parts = nullptr, int stop_after = 1 << 30) {
  Meeting meeting(size);
  std::vector<Run> runs(static_cast<std::size_t>(size));
  {
    std::vector<std::jthread> threads;
    for (int rank = 0; rank < size; ++rank) {
      threads.emplace_back([&, rank] {
        runs[static_cast<std::size_t>(rank)] =
            run_scene(40, rank == 0 ? parts : nullptr, rank == size - 1 ? stop_after : 1 << 30, 1 << 30, meeting.ranks(rank));
      });
    }
  }
  return runs;
}

TEST_CASE("stream: ranks share the parts, and the first writes what one alone does") {
  const TempFolder folder;
  const SceneIdentity identity = {{"scene", "this"}};
  const auto path = PartFile::beside(folder / "out.tif");
  const Run alone = run_scene(40);
  for (const int size : {2, 3, 7}) {
    CAPTURE(size);
    const std::vector<Run> runs = run_on_ranks(size);
    CHECK(runs[0].samples == alone.samples);
    CHECK(runs[0].result.counts.nodata == alone.result.counts.nodata);
    CHECK(runs[0].result.counts.above == alone.result.counts.above);
    CHECK(runs[0].result.computed_pixels == alone.result.computed_pixels);
    CHECK(runs[0].result.surveyed_pixels == alone.result.surveyed_pixels);
    int fused = 0;
    for (const Run& run : runs) fused += run.fused;
    CHECK(fused == alone.fused);
    // The last rank is asked to stop; all do, and what the first has goes on.
    {
      PartFile parts(path, identity, false);
      for (const Run& run : run_on_ranks(size, &parts, 1)) CHECK(run.result.stopped);
      CHECK(parts.done() >= size);
      CHECK(parts.done() < alone.result.tiles);
    }
    PartFile parts(path, identity, true);
    const std::vector<Run> resumed = run_on_ranks(size, &parts);
    CHECK(resumed[0].samples == alone.samples);
    CHECK(resumed[0].result.resumed_tiles >= size);
    CHECK(resumed[0].result.surveyed_pixels == 0);  // what the survey found was kept
    parts.remove();
  }
}

TEST_CASE("stream: errors of reading and writing come out") {
  CHECK(error_of([] { run_scene(40, nullptr, 1 << 30, 3); }) == "the disk is full");
  // On the last tile, too, when nobody waits for room any more.
  CHECK(error_of([] { run_scene(200, nullptr, 1 << 30, 1); }) == "the disk is full");
}

TEST_CASE("tiles: as large as is good and fits") {
  MemoryRaster pan(raster_info(4000, 6000, 1, {0, 0, 1, -1}), [](auto, auto, auto) { return 1.0F; });
  MemoryRaster ms(raster_info(1000, 1500, 4, {0, 0, 4, -4}), [](auto, auto, auto) { return 1.0F; });
  const SceneSource source({pan, ms, align(pan.info(), ms.info()), {0, 1, 2, 3}, {}, {}, 1});
  const MeanMethod method;
  const std::int64_t mib = std::int64_t{1} << 20U;
  const auto side = [&](std::int64_t bytes, std::int64_t tile = 0) {
    const TilePlan plan = plan_tiles(method, source, {.bytes = bytes, .tile = tile, .block = 128});
    CHECK(plan.bytes <= bytes);
    CHECK(plan.rows == plan.cols);
    return plan.rows;
  };
  CHECK(side(1000 * mib) == 256);
  CHECK(side(8 * mib) == 128);
  CHECK(side(1000 * mib, 500) == 500);
  CHECK(contains(error_of([&] { side(8 * mib, 500); }), "--tile 500 with mean needs"));
  CHECK(contains(error_of([&] { side(mib / 8); }), "64 x 64"));
  CHECK(cut(5, 7, 3, 4) == std::vector<Window>{{0, 0, 3, 4}, {0, 4, 3, 3}, {3, 0, 2, 4}, {3, 4, 2, 3}});
}

}  // namespace
}  // namespace cf::test
