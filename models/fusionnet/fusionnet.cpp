#include "models/fusionnet/fusionnet.h"

#include "framework/ops/ops.h"

namespace cf {
namespace {

constexpr std::int64_t kKernel = 3;

constexpr double kRelu = 0;  // the slope of a LeakyReLU that is a ReLU
constexpr double kNone = 1;

Conv2d conv(const Scope& scope, std::int64_t in, std::int64_t out, const Init& weight, double slope) {
  return {scope, in, out, kKernel, same_padding(kKernel, slope), {weight, Init::zeros()}};
}

const FusionNetConfig& checked(const FusionNetConfig& c) {
  check(c.channels >= 1, "fusionnet: model.fusionnet.channels is {}, must be at least 1", c.channels);
  check(c.blocks >= 0, "fusionnet: model.fusionnet.blocks is {}, must not be negative", c.blocks);
  return c;
}

}  // namespace

// A residual branch starts small, and the injected detail at zero: an untrained network returns LMS.
FusionNet::Residual::Residual(const Scope& scope, std::int64_t channels)
    : conv20(conv(scope.child("conv20"), channels, channels, Init::kaiming_normal(0), kRelu)),
      conv21(conv(scope.child("conv21"), channels, channels, Init::kaiming_normal(0).scaled(0.1), kNone)) {}

Tensor FusionNet::Residual::operator()(const Tensor& x) const { return ops::add(x, conv21(conv20(x))); }

FusionNet::FusionNet(const ModelConfig& config, const Scope& scope)
    : FusionModel(config),
      conv1_(conv(scope.child("conv1"), config.bands, checked(config.fusionnet).channels, Init::kaiming_normal(0), kRelu)),
      blocks_([&] {
        std::vector<Block<Residual>> blocks;
        for (std::int64_t i = 1; i <= config.fusionnet.blocks; ++i) {
          blocks.emplace_back(config.recompute, scope.child(fmt::format("res{}", i)), config.fusionnet.channels);
        }
        return blocks;
      }()),
      conv3_(conv(scope.child("conv3"), config.fusionnet.channels, config.bands, Init::zeros(), kNone)) {}

std::optional<std::int64_t> FusionNet::reach() const {
  const auto convolutions = static_cast<std::int64_t>(2 + 2 * blocks_.size());
  return convolutions * (kKernel / 2);
}

FusionOutput FusionNet::run(const FusionInput& input) const {
  const Tensor pan = input.pan.dim(3) == 1 ? input.pan : ops::mean(input.pan, {3});  // (N, H, W, 1)
  Tensor x = conv1_(ops::sub(pan, input.lms));                                       // (N, H, W, C)
  for (const auto& block : blocks_) x = block(x);
  return {ops::add(input.lms, conv3_(x)), {}};
}

}  // namespace cf
