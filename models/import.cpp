#include "models/import.h"

#include <algorithm>
#include <cstring>

#include "framework/ops/layout.h"
#include "models/fusionnet/names.h"
#include "models/ssdiff/names.h"

namespace cf {
namespace {

struct PublishedNames {
  std::string_view network;
  std::string (*ours)(std::string_view published);  // empty: none
  bool (*unused)(std::string_view published);       // declared, never read
};

bool nothing(std::string_view) { return false; }

// Networks whose published state dicts have other names than ours.
constexpr PublishedNames kPublished[] = {
    {"fusionnet", fusionnet::name_of_published, nothing},
    {"ssdiff", ssdiff::name_of_published, ssdiff::is_published_unused},
};

const PublishedNames* published_names(std::string_view network) {
  const auto found =
      std::find_if(std::begin(kPublished), std::end(kPublished), [&](const auto& n) { return n.network == network; });
  return found == std::end(kPublished) ? nullptr : found;
}

bool is_unused(const PublishedNames* names, std::string_view name) {
  return name.ends_with(".num_batches_tracked") || (names != nullptr && names->unused(name));
}

// What a name of the file is called here; itself where nobody knows it.
std::string our_name(const ParamStore& params, const PublishedNames* names, const std::string& name) {
  if (params.find(name).defined() || names == nullptr) return name;
  const std::string ours = names->ours(name);
  return ours.empty() ? name : ours;
}

// Weights of convolutions have four dimensions, of both kinds: the last two change places with the second.
Tensor in_our_order(const Tensor& t, DType dtype) {
  const bool real = t.dtype() == DType::f32 || t.dtype() == DType::f64 || t.dtype() == DType::bf16;
  if (!real) return t;
  const Tensor converted = t.dtype() == dtype ? t : t.to(dtype);
  return t.rank() == 4 ? ops::permute(converted, {0, 2, 3, 1}) : converted;
}

bool equal(const Tensor& a, const Tensor& b) {
  const std::size_t bytes = static_cast<std::size_t>(a.numel()) * size_of(a.dtype());
  return a.shape() == b.shape() && a.dtype() == b.dtype() && std::memcmp(a.cview().data, b.cview().data, bytes) == 0;
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

}  // namespace

std::vector<std::string> import_weights(std::string_view network, const ParamStore& params, const NamedTensors& weights,
                                        std::string_view file) {
  const PublishedNames* names = published_names(network);
  NamedTensors ours;
  std::vector<std::string> skipped;
  std::size_t repeated = 0;
  for (const auto& [published, value] : weights) {
    if (is_unused(names, published)) {
      skipped.push_back(published);
      continue;
    }
    std::string name = our_name(params, names, published);
    Tensor tensor = in_our_order(value, params.dtype());
    if (const Tensor* present = find_tensor(ours, name)) {
      if (equal(*present, tensor)) {
        ++repeated;
        continue;
      }
      name = fmt::format("{} (another value of {})", published, name);
    }
    ours.emplace_back(std::move(name), std::move(tensor));
  }
  load_into(params.state(), ours, fmt::format("{} into {} (shapes with weights as (out, height, width, in))", file, network));
  std::vector<std::string> notes = {fmt::format("{} tensors of {} loaded", ours.size(), network)};
  if (repeated > 0) notes.push_back(fmt::format("{} tensors stand there twice under two names, with equal values", repeated));
  if (!skipped.empty())
    notes.push_back(fmt::format("{} tensors skipped that the network never uses: {}", skipped.size(), joined(skipped)));
  return notes;
}

}  // namespace cf
