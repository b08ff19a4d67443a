// How a scene is fused window by window, whatever the method: what a method reads, and what it must have seen before.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "data/raster/raster.h"
#include "framework/tensor/tensor.h"

namespace cf {

// A part of a scene on the output grid, which is PAN's. Values are digital numbers divided by the scene's scale, f32; pixels
// without data hold those of the nearest valid pixel; beyond the scene's edges it is mirrored.
struct ScenePart {
  Window window;    // of the output grid, halo included; rows and columns before the scene's first are negative
  Window core;      // the part of it that is asked for, inside the scene
  Tensor pan;       // (1, H, W, P); undefined where it is not needed
  Tensor lms;       // (1, H, W, B)
  Tensor ms;        // (1, H / R, W / R, B), on the grid whose pixels are R x R output pixels, counted from the scene's first;
                    // undefined where it is not needed, like valid_ms
  Tensor valid;     // (1, H, W, 1) u8: 1 where PAN and all MS bands have data
  Tensor valid_ms;  // (1, H / R, W / R, 1) u8: 1 where a pixel of `ms` has data in all bands
};

struct SceneGrid {
  std::int64_t rows = 0;  // of the output
  std::int64_t cols = 0;
  std::int64_t ratio = 4;
  std::int64_t bands = 0;
  std::int64_t pan_bands = 1;
  double scale = 1;    // digital numbers per unit
  double phase = 1.5;  // where the LMS has an MS pixel among its R output pixels: (R - 1) / 2, centred, or R / 2, the toolbox's
};

// What a method needs of the parts that it is given.
struct SceneNeeds {
  std::int64_t halo = 0;      // pixels around the core that the result of the core depends on
  std::int64_t multiple = 1;  // windows start and end at multiples of this
  std::int64_t core = 512;    // a good side of cores: smaller ones compute more of their neighbours' pixels again
  // What fuse() reads: parts come without PAN and MS where it reads none.
  bool pan = true;
  bool ms = true;
  // Survey: cores of this side, from the scene's first pixel on, so that what is found does not depend on how the scene is
  // cut for fusing; 0: the method needs no survey.
  std::int64_t survey_core = 0;
  std::int64_t survey_halo = 0;
};

// Thrown by fuse() where it is asked to stop before it is done.
struct SceneStopped {};

// A way of fusing. Results depend on the scene and the method alone, not on the order or size of parts (to 1e-5 of the scale).
class SceneMethod {
 public:
  virtual ~SceneMethod() = default;
  SceneMethod() = default;
  SceneMethod(const SceneMethod&) = delete;
  SceneMethod& operator=(const SceneMethod&) = delete;

  virtual std::string name() const = 0;
  virtual SceneNeeds needs() const = 0;
  // Called once, before everything else.
  virtual void begin(const SceneGrid& grid) = 0;
  // Sees each part of the scene once, row by row. Invalid pixels must not count.
  virtual void survey(const ScenePart& part) { (void)part; }
  // What survey() has found so far, for another process or a later run; empty where it cannot be told. take_in() adds what was
  // found in other parts of the same scene.
  virtual std::string found() const { return {}; }
  virtual void take_in(const std::string& found) { (void)found; }
  virtual void finish_survey() {}
  // The fused core, (core.rows, core.cols, B), f32 in units of the scale, not clamped.
  virtual Tensor fuse(const ScenePart& part) = 0;
  // Asked now and then by a fuse() that takes long; true: it throws SceneStopped.
  void stop_when(std::function<bool()> asked) { stopped_ = std::move(asked); }
  // What fuse() computes of a part, for accounts of time.
  virtual std::int64_t computed_pixels(const ScenePart& part) const { return part.window.pixels(); }
  // Bytes that fuse() needs at most beside the part itself, for a core of rows x cols with its halo.
  virtual std::int64_t working_bytes(std::int64_t rows, std::int64_t cols) const = 0;

 protected:
  bool stopped() const { return stopped_ && stopped_(); }

 private:
  std::function<bool()> stopped_;
};

}  // namespace cf
