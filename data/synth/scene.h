// A scene as a sensor observes it.
#pragma once

#include <cstdint>
#include <string>

#include "data/image/planes.h"
#include "data/synth/canvas.h"

namespace cf::synth {

struct Sensor {
  std::string name = "wv3";  // of sensor_presets()
  std::int64_t bands = 8;
  std::int64_t ratio = 4;
  double full_scale = 2047;   // the largest DN; 10000 where the sensor's files hold shares of it
  std::vector<double> gains;  // MTF of each band at Nyquist
  double pan_gain = 0.15;
};

// The sensor of that name with `bands` bands (0: its own). Where the number is not its own, every band has the default MTF.
Sensor make_sensor(const std::string& name, std::int64_t bands, std::int64_t ratio);

// A landscape of side x side PAN pixels.
Canvas make_landscape(std::int64_t side, std::uint64_t seed);

struct Observation {
  Planes ms;   // (side / ratio, side / ratio, B), whole DN
  Planes pan;  // (side, side, 1), whole DN
};

// Light, air, MTF, noise and quantisation. MS pixels lie corner to corner on PAN's: MS pixel i is centred on PAN's
// coordinate ratio i + (ratio - 1) / 2, as in real products. Throws Error where side is no multiple of ratio.
Observation observe(const Canvas& canvas, const Sensor& sensor);

}  // namespace cf::synth
