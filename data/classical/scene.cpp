// Classical methods on scenes, window by window.
#include <algorithm>
#include <cmath>
#include <optional>

#include "data/classical/lowpass.h"
#include "data/classical/methods.h"
#include "data/image/mtf.h"
#include "data/scene/lms_kernel.h"
#include "framework/core/parallel.h"

namespace cf {
namespace {

using classical::Band;
using classical::Demand;
using classical::Lowpass;
using classical::Piece;

// Large enough for halos to cost little, small enough for any machine.
constexpr std::int64_t kSurveyCore = 512;
constexpr std::int64_t kFuseCore = 512;

std::int64_t round_up(std::int64_t n, std::int64_t multiple) { return (n + multiple - 1) / multiple * multiple; }

std::int64_t reach_of(const Lowpass& filter) { return std::max(-filter.before(), filter.after()); }

// What a piece points to beside the part itself.
struct Buffers {
  std::vector<float> pan;
  std::vector<float> low;
  std::vector<float> cell_pan;
  std::vector<std::uint8_t> valid_cell;
};

class ClassicalScene : public SceneMethod {
 public:
  ClassicalScene(const ClassicalName& name, ClassicalOptions options)
      : title_(name.title), key_(name.key), options_(std::move(options)) {}

  std::string name() const override { return title_; }

  void begin(const SceneGrid& grid) override {
    grid_ = grid;
    method_ = classical::make_method(key_, classical::settle(options_, grid.bands, grid.ratio));
    demand_ = method_->demand();
    if (demand_.low == Demand::Low::smooth) low_.emplace(demand_.gains, grid.ratio, demand_.span, 1, 0.0);
    if (demand_.low == Demand::Low::interpolated) low_.emplace(demand_.gains, grid.ratio, demand_.span, grid.ratio, grid.phase);
    if (demand_.cells) {
      cell_.emplace(std::vector{demand_.cell_gain}, grid.ratio, demand_.cell_span, grid.ratio, grid.phase);
    }
    if (demand_.survey()) survey_ = std::make_unique<classical::Survey>(demand_, grid.bands);
  }

  SceneNeeds needs() const override {
    const std::int64_t r = grid_.ratio;
    SceneNeeds needs;
    needs.multiple = r;
    needs.core = round_up(kFuseCore, r);
    needs.pan = method_->reads_pan();
    needs.ms = false;
    if (demand_.low == Demand::Low::interpolated) needs.halo = round_up(r * (kLmsReach + 1) + reach_of(*low_), r);
    if (!demand_.survey()) return needs;
    needs.survey_core = round_up(kSurveyCore, r);
    needs.survey_halo = needs.halo;
    if (demand_.low == Demand::Low::smooth) needs.survey_halo = round_up(reach_of(*low_), r);
    if (demand_.cells) needs.survey_halo = std::max(needs.survey_halo, round_up(reach_of(*cell_), r));
    return needs;
  }

  void survey(const ScenePart& part) override {
    Buffers buffers;
    Piece piece = piece_of(part, buffers);
    if (demand_.low == Demand::Low::smooth) add_smooth(part, buffers, piece);
    if (demand_.low == Demand::Low::interpolated) add_interpolated(part, buffers, piece);
    if (demand_.cells) add_cells(part, buffers, piece);
    survey_->add(piece);
  }

  void finish_survey() override {
    if (survey_ == nullptr) return;
    method_->learn(survey_->knowledge());
    survey_.reset();
  }

  Tensor fuse(const ScenePart& part) override {
    const Shape core{part.core.rows, part.core.cols, grid_.bands};
    if (!method_->reads_pan() && part.window == part.core) return part.lms.alias(core);
    Buffers buffers;
    Piece piece = piece_of(part, buffers);
    if (demand_.low == Demand::Low::interpolated) add_interpolated(part, buffers, piece);
    const Tensor out = Tensor::empty(core);
    fuse_piece(*method_, piece, out.span<float>().data());
    return out;
  }

  std::int64_t working_bytes(std::int64_t rows, std::int64_t cols) const override {
    std::int64_t samples = rows * cols * grid_.bands;
    const std::int64_t halo = needs().halo;
    if (grid_.pan_bands > 1) samples += (rows + 2 * halo) * (cols + 2 * halo);
    if (demand_.low == Demand::Low::interpolated) {
      const std::int64_t filters = low_->filters();
      const std::int64_t cell_rows = rows / grid_.ratio + 2 * kLmsReach + 2;
      const std::int64_t cell_cols = cols / grid_.ratio + 2 * kLmsReach + 2;
      // The result, what it is interpolated from, and that at full width, as interpolate() has it.
      samples += filters * (rows * cols + cell_rows * cell_cols + cell_rows * cols);
    }
    return samples * static_cast<std::int64_t>(sizeof(float));
  }

 private:
  // The part's core, PAN's bands averaged where there are several.
  Piece piece_of(const ScenePart& part, Buffers& buffers) const {
    const Window& core = part.core;
    const std::int64_t width = part.window.cols;
    const std::int64_t first = (core.row - part.window.row) * width + core.col - part.window.col;
    Piece piece{.rows = core.rows, .cols = core.cols, .bands = grid_.bands};
    if (part.pan.defined()) piece.pan = {band_of(part, buffers).data + first, width};
    piece.lms = {part.lms.span<float>().data() + first * grid_.bands, width * grid_.bands};
    if (part.valid.defined()) piece.valid = {part.valid.span<std::uint8_t>().data() + first, width};
    return piece;
  }

  Band band_of(const ScenePart& part, Buffers& buffers) const {
    const float* pan = part.pan.span<float>().data();
    const std::int64_t bands = grid_.pan_bands;
    if (bands == 1) return {pan, part.window};
    if (buffers.pan.empty()) {
      buffers.pan.resize(static_cast<std::size_t>(part.window.pixels()));
      parallel_for(part.window.pixels(), 1 << 14, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t p = begin; p < end; ++p) {
          float sum = 0;
          for (std::int64_t b = 0; b < bands; ++b) sum += pan[p * bands + b];
          buffers.pan[static_cast<std::size_t>(p)] = sum / static_cast<float>(bands);
        }
      });
    }
    return {buffers.pan.data(), part.window};
  }

  void add_smooth(const ScenePart& part, Buffers& buffers, Piece& piece) const {
    buffers.low.resize(static_cast<std::size_t>(part.core.pixels() * low_->filters()));
    low_->run(band_of(part, buffers), part.core, buffers.low.data());
    piece.low = {buffers.low.data(), part.core.cols * low_->filters()};
  }

  void add_interpolated(const ScenePart& part, Buffers& buffers, Piece& piece) const {
    const auto r = static_cast<double>(grid_.ratio);
    const AxisMap to_cells{1 / r, -grid_.phase / r};
    const AxisTaps rows = plan_taps(to_cells, part.core.row, part.core.row + part.core.rows, grid_.rows);
    const AxisTaps cols = plan_taps(to_cells, part.core.col, part.core.col + part.core.cols, grid_.cols);
    const Window cells{rows.lowest, cols.lowest, rows.highest - rows.lowest + 1, cols.highest - cols.lowest + 1};
    const std::int64_t filters = low_->filters();
    std::vector<float> coarse(static_cast<std::size_t>(cells.pixels() * filters));
    low_->run(band_of(part, buffers), cells, coarse.data());
    buffers.low.resize(static_cast<std::size_t>(part.core.pixels() * filters));
    interpolate({cells.row, cells.col, cells.rows, cells.cols, filters, coarse.data()}, rows, cols, 1.0F, buffers.low.data());
    piece.low = {buffers.low.data(), part.core.cols * filters};
  }

  // MS and low-passed PAN in the cells that lie wholly in the core. What a cell's pixels lack, the cell lacks.
  void add_cells(const ScenePart& part, Buffers& buffers, Piece& piece) const {
    const std::int64_t r = grid_.ratio;
    const Window cells{part.core.row / r, part.core.col / r, part.core.rows / r, part.core.cols / r};
    buffers.cell_pan.resize(static_cast<std::size_t>(cells.pixels()));
    cell_->run(band_of(part, buffers), cells, buffers.cell_pan.data());
    const std::int64_t width = part.window.cols / r;
    const std::int64_t first = (cells.row - part.window.row / r) * width + cells.col - part.window.col / r;
    piece.cell_rows = cells.rows;
    piece.cell_cols = cells.cols;
    piece.ms = {part.ms.span<float>().data() + first * grid_.bands, width * grid_.bands};
    piece.cell_pan = {buffers.cell_pan.data(), cells.cols};
    if (!part.valid.defined()) return;
    buffers.valid_cell.resize(static_cast<std::size_t>(cells.pixels()));
    const std::uint8_t* valid_ms = part.valid_ms.defined() ? part.valid_ms.span<std::uint8_t>().data() + first : nullptr;
    for (std::int64_t y = 0; y < cells.rows; ++y) {
      for (std::int64_t x = 0; x < cells.cols; ++x) {
        bool valid = valid_ms == nullptr || valid_ms[y * width + x] != 0;
        for (std::int64_t p = 0; valid && p < r * r; ++p) valid = piece.valid.row(y * r + p / r)[x * r + p % r] != 0;
        buffers.valid_cell[static_cast<std::size_t>(y * cells.cols + x)] = valid ? 1 : 0;
      }
    }
    piece.valid_cell = {buffers.valid_cell.data(), cells.cols};
  }

  std::string title_;
  std::string key_;
  ClassicalOptions options_;
  SceneGrid grid_;
  std::unique_ptr<classical::Method> method_;
  Demand demand_;
  std::optional<Lowpass> low_;
  std::optional<Lowpass> cell_;
  std::unique_ptr<classical::Survey> survey_;
};

}  // namespace

std::unique_ptr<SceneMethod> classical_method(std::string_view key, const ClassicalOptions& options) {
  static_cast<void>(canonical_sensor(options.sensor));
  const auto names = classical_names();
  const auto found = std::find_if(names.begin(), names.end(), [&](const ClassicalName& name) { return name.key == key; });
  if (found == names.end()) classical::make_method(key, {});  // throws the list of known ones
  return std::make_unique<ClassicalScene>(*found, options);
}

}  // namespace cf
