// Classical methods without the question where their pixels come from: what one asks for, learns and computes.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "data/classical/classical.h"
#include "data/classical/statistics.h"

namespace cf::classical {

// Samples in rows that lie `stride` elements apart.
template <class T>
struct Rows {
  const T* data = nullptr;
  std::int64_t stride = 0;

  const T* row(std::int64_t y) const { return data + y * stride; }
};

// A piece of an image or scene, all of it in one unit.
struct Piece {
  std::int64_t rows = 0;
  std::int64_t cols = 0;
  std::int64_t bands = 0;
  Rows<float> pan{};           // 1 per pixel
  Rows<float> lms{};           // bands per pixel
  Rows<std::uint8_t> valid{};  // without data: all are valid
  Rows<float> low{};           // low-passed PAN, as many per pixel as the method demands
  // MS pixels whose R x R pixels lie inside the piece.
  std::int64_t cell_rows = 0;
  std::int64_t cell_cols = 0;
  Rows<float> ms{};                 // bands per pixel
  Rows<float> cell_pan{};           // low-passed and decimated PAN
  Rows<std::uint8_t> valid_cell{};  // as `valid`
};

// What pieces must hold beside PAN, LMS and validity, and what is to be learned of the whole.
struct Demand {
  enum class Low : std::uint8_t {
    none,
    smooth,        // low-passed, needed while learning
    interpolated,  // low-passed, decimated, interpolated like MS; needed while learning and while fusing
  };
  Low low = Low::none;
  std::vector<double> gains{};  // of the low-pass filters: one result per pixel each
  double span = 40;             // of `smooth`, see mtf_quadrant()
  bool cells = false;           // learn from MS and decimated PAN
  double cell_gain = 0;
  double cell_span = 40;
  bool low_values = false;  // learn the bands' low percentiles
  // Covariances to learn, of variables 0 .. B - 1: LMS, B: PAN, B + 1 ..: `low`; empty: none, nor means.
  std::vector<Pair> pairs;

  bool survey() const { return cells || low_values || !pairs.empty(); }
};

struct Knowledge {
  Moments pixels;              // of the variables above
  Moments cells;               // of MS's bands and decimated PAN
  std::vector<LowValues> low;  // of each LMS band
};

class Method {
 public:
  virtual ~Method() = default;
  Method() = default;
  Method(const Method&) = delete;
  Method& operator=(const Method&) = delete;

  virtual Demand demand() const { return {}; }
  // Whether it fuses at all, or hands LMS on.
  virtual bool reads_pan() const { return true; }
  virtual void learn(const Knowledge& knowledge) { (void)knowledge; }
  // Row y of the piece, bands per pixel.
  virtual void fuse_row(const Piece& piece, std::int64_t y, float* out) const = 0;
};

// Options with everything settled.
struct Settings {
  std::int64_t bands = 0;
  std::int64_t ratio = 4;
  std::vector<double> gains{};  // of each band
  double pan_gain = 0;
  std::vector<double> weights{};  // of each band
  bool toolbox = false;
};

std::unique_ptr<Method> make_method(std::string_view key, const Settings& settings);
// Throws Error on gains or weights that do not fit the bands or make no sense.
Settings settle(const ClassicalOptions& options, std::int64_t bands, std::int64_t ratio);

// Adds pieces up, in the order in which they come; rows of a piece are added in their order, whatever the number of threads.
class Survey {
 public:
  Survey(const Demand& demand, std::int64_t bands);
  void add(const Piece& piece);
  const Knowledge& knowledge() const { return knowledge_; }

 private:
  void add_pixels(const Piece& piece);
  void add_cells(const Piece& piece);
  void add_low_values(const Piece& piece);

  Demand demand_;
  Knowledge knowledge_;
};

// Every row of the piece into (rows, cols, bands).
void fuse_piece(const Method& method, const Piece& piece, float* out);

}  // namespace cf::classical
