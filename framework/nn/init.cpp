#include "framework/nn/init.h"

#include <cmath>

#include "framework/core/rng.h"

namespace cf {
namespace {

// FNV-1a, folded to the 48 bits that make_rng leaves below the stream.
std::uint64_t hash48(std::string_view name) {
  std::uint64_t h = 0xcbf29ce484222325U;
  for (const char c : name) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return (h ^ (h >> 48U)) & 0xffffffffffffU;
}

// What a standard number (1, uniform in [-1, 1) or normal) is multiplied by.
double amplitude(const Init& init, const Shape& shape) {
  const double gain = std::sqrt(2 / (1 + init.value * init.value));
  switch (init.kind) {
    case Init::Kind::constant:
    case Init::Kind::uniform:
    case Init::Kind::normal: return init.value * init.scale;
    case Init::Kind::kaiming_normal: return gain / std::sqrt(static_cast<double>(fan_in(shape))) * init.scale;
    case Init::Kind::kaiming_uniform: return gain * std::sqrt(3 / static_cast<double>(fan_in(shape))) * init.scale;
  }
  return 0;
}

double standard_number(Init::Kind kind, const Philox& rng, std::uint64_t i) {
  switch (kind) {
    case Init::Kind::constant: return 1;
    case Init::Kind::uniform:
    case Init::Kind::kaiming_uniform: return 2 * rng.uniform(i) - 1;
    case Init::Kind::normal:
    case Init::Kind::kaiming_normal: return rng.normal(i);
  }
  return 0;
}

}  // namespace

std::int64_t fan_in(const Shape& weight) {
  check(weight.rank() >= 2, "init: a weight of shape {} has no fan in", weight.str());
  return weight.numel() / weight[0];
}

void fill(const Tensor& t, const Init& init, std::uint64_t seed, std::string_view name) {
  const double a = amplitude(init, t.shape());
  const Philox rng = make_rng(seed, RngStream::init, hash48(name));
  dispatch_float(t.dtype(), "init", [&](auto zero) {
    std::uint64_t i = 0;
    for (auto& v : t.span<decltype(zero)>()) v = static_cast<decltype(zero)>(a * standard_number(init.kind, rng, i++));
  });
}

}  // namespace cf
