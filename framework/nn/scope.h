// Where a layer registers its parameters: a store, a dotted prefix and a seed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "framework/nn/init.h"
#include "framework/nn/param_store.h"

namespace cf {

class Scope {
 public:
  Scope(ParamStore& store, std::uint64_t seed) : store_(&store), seed_(seed) {}

  // The scope of a part: names go on with ".name".
  Scope child(std::string_view name) const { return {*store_, seed_, full_name(name)}; }
  // Registers and fills a parameter.
  Tensor param(std::string_view name, const Shape& shape, const Init& init) const;
  // What is registered below this scope so far.
  std::vector<Tensor> params() const;
  // Registers and fills a buffer: part of the network's state that no gradient changes.
  Tensor buffer(std::string_view name, const Shape& shape, const Init& init) const;

 private:
  Scope(ParamStore& store, std::uint64_t seed, std::string prefix) : store_(&store), seed_(seed), prefix_(std::move(prefix)) {}
  std::string full_name(std::string_view name) const;

  ParamStore* store_;
  std::uint64_t seed_;
  std::string prefix_;
};

}  // namespace cf
