#include "data/simulate/scene_sets.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "data/hdf5.h"
#include "framework/core/check.h"

namespace cf::simulate {
namespace {

constexpr std::int64_t kUsualPatch = 64;
constexpr std::int64_t kLeastPatch = 32;  // the window of metrics, which validation computes
constexpr std::int64_t kFewPatches = 200;
constexpr std::int64_t kTestSide = 256;   // of reduced test images
constexpr std::int64_t kFullSide = 512;   // of PAN in full-resolution ones
constexpr std::int64_t kPieceSide = 512;  // of what is computed at once, in MS pixels

std::int64_t floor_to(std::int64_t n, std::int64_t multiple) { return n / multiple * multiple; }
std::int64_t ceil_to(std::int64_t n, std::int64_t multiple) { return (n + multiple - 1) / multiple * multiple; }

Window bounds_of(const std::vector<Window>& windows) {
  Window all = windows.front();
  std::int64_t row_end = all.row + all.rows;
  std::int64_t col_end = all.col + all.cols;
  for (const Window& w : windows) {
    all.row = std::min(all.row, w.row);
    all.col = std::min(all.col, w.col);
    row_end = std::max(row_end, w.row + w.rows);
    col_end = std::max(col_end, w.col + w.cols);
  }
  return {all.row, all.col, row_end - all.row, col_end - all.col};
}

// Windows that lie near each other, so that what they share is read and computed once; in a fixed order.
std::vector<std::vector<Window>> pieces_of(const std::vector<Window>& windows, std::int64_t side) {
  std::map<std::pair<std::int64_t, std::int64_t>, std::vector<Window>> pieces;
  for (const Window& w : windows) pieces[{w.row / side, w.col / side}].push_back(w);
  std::vector<std::vector<Window>> out;
  for (auto& [place, members] : pieces) out.push_back(std::move(members));
  return out;
}

bool all_valid(const std::vector<std::uint8_t>& valid, const Window& outer, const Window& inner) {
  if (valid.empty()) return true;
  for (std::int64_t y = inner.row; y < inner.row + inner.rows; ++y) {
    const auto from = valid.begin() + (y - outer.row) * outer.cols + inner.col - outer.col;
    if (std::find(from, from + inner.cols, std::uint8_t{0}) != from + inner.cols) return false;
  }
  return true;
}

// Keeps the windows without gaps; counts the others.
void keep_valid(Reducer& reducer, SetSummary& set) {
  if (!reducer.gaps()) return;
  std::vector<Window> kept;
  for (const auto& piece : pieces_of(set.windows, kPieceSide)) {
    const Window bounds = bounds_of(piece);
    const auto valid = reducer.valid_pixels(bounds);
    std::copy_if(piece.begin(), piece.end(), std::back_inserter(kept),
                 [&](const Window& w) { return all_valid(valid, bounds, w); });
  }
  set.skipped = std::ssize(set.windows) - std::ssize(kept);
  set.windows = std::move(kept);
}

void keep_valid_cells(Reducer& reducer, SetSummary& set) {
  if (!reducer.gaps()) return;
  const std::size_t before = set.windows.size();
  std::erase_if(set.windows, [&](const Window& w) {
    const std::vector<std::uint8_t> valid = reducer.observe(w).valid;
    return std::find(valid.begin(), valid.end(), std::uint8_t{0}) != valid.end();
  });
  set.skipped = static_cast<std::int64_t>(before - set.windows.size());
}

// At most n of them, spread evenly.
void thin_out(std::vector<Window>& windows, std::int64_t n) {
  const auto count = static_cast<std::int64_t>(windows.size());
  if (count <= n) return;
  std::vector<Window> kept;
  for (std::int64_t i = 0; i < n; ++i) kept.push_back(windows[static_cast<std::size_t>(i * count / n)]);
  windows = std::move(kept);
}

std::vector<Window> patches_of(const SceneSets& sets, Part part, std::int64_t overlap) {
  std::vector<Window> patches;
  const std::int64_t stride = sets.patch - overlap;
  for (const Region& region : sets.regions) {
    if (region.part != part) continue;
    const auto windows = windows_in(region.window, sets.patch, sets.patch, stride, stride);
    patches.insert(patches.end(), windows.begin(), windows.end());
  }
  return patches;
}

std::int64_t choose_overlap(const Reducer& reducer, const SceneSets& sets, const SetOptions& options) {
  const std::int64_t r = reducer.ratio();
  if (options.overlap >= 0) {
    check(options.overlap < sets.patch && options.overlap % r == 0,
          "simulate: an overlap of {} MS pixels, expected a multiple of the ratio {} below the patches' {}", options.overlap, r,
          sets.patch);
    return options.overlap;
  }
  std::int64_t overlap = 0;
  for (const std::int64_t quarters : {1, 2, 3}) {
    overlap = floor_to(sets.patch * quarters / 4, r);
    if (std::ssize(patches_of(sets, Part::train, overlap)) >= kFewPatches) break;
  }
  return overlap;
}

// Test images of one size, as large as is usual or as fits into every region.
void plan_test_images(Reducer& reducer, const SetOptions& options, SceneSets& sets) {
  std::vector<Window> cells;
  Window reduced{0, 0, kTestSide, kTestSide};
  Window full{0, 0, kFullSide / reducer.ratio(), kFullSide / reducer.ratio()};
  for (const Region& region : sets.regions) {
    if (region.part != Part::test) continue;
    cells.push_back(reducer.cells_in(region.window));
    reduced.rows = std::min(reduced.rows, floor_to(region.window.rows, sets.unit));
    reduced.cols = std::min(reduced.cols, floor_to(region.window.cols, sets.unit));
    full.rows = std::min(full.rows, floor_to(cells.back().rows, 2));
    full.cols = std::min(full.cols, floor_to(cells.back().cols, 2));
  }
  if (cells.empty()) return;
  const auto add = [](SetSummary& set, const Window& region, const Window& size) {
    if (size.pixels() == 0) return;
    const auto windows = windows_in(region, size.rows, size.cols, size.rows, size.cols);
    set.windows.insert(set.windows.end(), windows.begin(), windows.end());
  };
  for (const Region& region : sets.regions) {
    if (region.part == Part::test) add(sets.test_reduced, region.window, reduced);
  }
  for (const Window& region : cells) add(sets.test_full, region, full);
  thin_out(sets.test_reduced.windows, 4 * options.test_images);
  thin_out(sets.test_full.windows, 4 * options.test_images);
  keep_valid(reducer, sets.test_reduced);
  keep_valid_cells(reducer, sets.test_full);
  thin_out(sets.test_reduced.windows, options.test_images);
  thin_out(sets.test_full.windows, options.test_images);
}

// gt, ms, lms and pan of one set, sample by sample.
class SetFile {
 public:
  SetFile(const std::filesystem::path& path, const Reducer& reducer, const SetSummary& set, bool with_gt)
      : writer_(path), whole_numbers_(reducer.whole_numbers()) {
    const std::int64_t r = reducer.ratio();
    if (with_gt) create("gt", {set.samples, reducer.bands(), set.rows, set.cols});
    create("ms", {set.samples, reducer.bands(), set.rows / r, set.cols / r});
    create("pan", {set.samples, reducer.pan_bands(), set.rows, set.cols});
    writer_.create<float>("lms", std::array{set.samples, reducer.bands(), set.rows, set.cols}, {.gzip = 1});
  }

  void add(const ReducedSet& images) {
    if (!images.gt.data.empty()) put("gt", images.gt);
    put("ms", images.ms);
    put("pan", images.pan);
    put_as<float>("lms", images.lms);
    ++next_;
  }

  void commit() { writer_.commit(); }

 private:
  void create(const char* name, const std::array<std::int64_t, 4>& shape) {
    if (whole_numbers_) {
      writer_.create<std::uint16_t>(name, shape, {.gzip = 1});
    } else {
      writer_.create<float>(name, shape, {.gzip = 1});
    }
  }

  void put(const char* name, const Planes& image) {
    if (whole_numbers_) {
      put_as<std::uint16_t>(name, image);
    } else {
      put_as<float>(name, image);
    }
  }

  template <class T>
  void put_as(const char* name, const Planes& image) {
    std::vector<T> values(image.data.size());
    std::transform(image.data.begin(), image.data.end(), values.begin(), [](double v) { return static_cast<T>(v); });
    writer_.write_rows<T>(name, next_, 1, std::span<const T>(values));
  }

  hdf5::Writer writer_;
  bool whole_numbers_;
  std::int64_t next_ = 0;
};

ReducedSet cropped(const ReducedSet& whole, const Window& bounds, const Window& w, std::int64_t ratio) {
  const std::int64_t y = w.row - bounds.row;
  const std::int64_t x = w.col - bounds.col;
  return {whole.gt.crop(y, x, w.rows, w.cols), whole.ms.crop(y / ratio, x / ratio, w.rows / ratio, w.cols / ratio),
          whole.lms.crop(y, x, w.rows, w.cols), whole.pan.crop(y, x, w.rows, w.cols)};
}

}  // namespace

std::int64_t patch_unit(std::int64_t ratio) { return std::lcm(ratio, std::int64_t{4}); }

SceneSets plan_sets(Reducer& reducer, const SetOptions& options) {
  SceneSets sets;
  sets.unit = patch_unit(reducer.ratio());
  sets.patch = options.patch > 0 ? options.patch : ceil_to(kUsualPatch, sets.unit);
  check(sets.patch >= kLeastPatch, "simulate: patches of {} MS pixels, expected {} or more: metrics have windows of that size",
        sets.patch, kLeastPatch);
  sets.usable = reducer.usable();
  // Regions begin at multiples of the ratio, where the first usable pixel lies; sides are multiples of the unit.
  SplitOptions split{sets.usable, sets.patch, sets.unit, options.shares, options.seed};
  sets.regions = plan_regions(split);
  sets.overlap = choose_overlap(reducer, sets, options);
  sets.train.windows = patches_of(sets, Part::train, sets.overlap);
  sets.valid.windows = patches_of(sets, Part::valid, sets.overlap);
  keep_valid(reducer, sets.train);
  keep_valid(reducer, sets.valid);
  check(!sets.train.windows.empty(),
        "simulate: each of the {} training patches of {} x {} MS pixels has pixels without data; "
        "smaller ones (--patch) may find room",
        sets.train.skipped, sets.patch, sets.patch);
  plan_test_images(reducer, options, sets);
  for (SetSummary* set : {&sets.train, &sets.valid, &sets.test_reduced, &sets.test_full}) {
    set->samples = std::ssize(set->windows);
    if (set->samples == 0) continue;
    const std::int64_t scale = set == &sets.test_full ? reducer.ratio() : 1;
    set->rows = set->windows.front().rows * scale;
    set->cols = set->windows.front().cols * scale;
  }
  return sets;
}

void write_sets(Reducer& reducer, const std::filesystem::path& folder, SceneSets& sets,
                const std::function<void(std::int64_t, std::int64_t)>& progress) {
  const std::int64_t total = sets.train.samples + sets.valid.samples + sets.test_reduced.samples + sets.test_full.samples;
  std::int64_t done = 0;
  const auto written = [&] { progress(++done, total); };
  for (const auto& [name, set] : {std::pair{"train.h5", &sets.train}, std::pair{"valid.h5", &sets.valid},
                                  std::pair{"test_reduced.h5", &sets.test_reduced}}) {
    if (set->samples == 0) continue;
    SetFile file(folder / name, reducer, *set, true);
    std::vector<Window> in_order;
    for (const auto& piece : pieces_of(set->windows, kPieceSide)) {
      const Window bounds = bounds_of(piece);
      const WindowImages whole = reducer.reduce(bounds);
      for (const Window& w : piece) {
        file.add(cropped(whole.images, bounds, w, reducer.ratio()));
        in_order.push_back(w);
        written();
      }
    }
    file.commit();
    set->file = name;
    set->windows = std::move(in_order);
  }
  if (sets.test_full.samples == 0) return;
  SetFile file(folder / "test_full.h5", reducer, sets.test_full, false);
  for (const Window& w : sets.test_full.windows) {
    file.add(reducer.observe(w).images);
    written();
  }
  file.commit();
  sets.test_full.file = "test_full.h5";
}

}  // namespace cf::simulate
