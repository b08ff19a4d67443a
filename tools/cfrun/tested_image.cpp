#include "tools/cfrun/tested_image.h"

#include <cstring>
#include <span>
#include <vector>

#include "framework/core/check.h"
#include "framework/io/json.h"

namespace cf {
namespace {

using nlohmann::json;

std::string text_of(const json& values) {
  const std::vector<std::uint8_t> bytes = json::to_cbor(values);
  return {bytes.begin(), bytes.end()};
}

json of_tensor(const Tensor& t) {
  if (!t.defined()) return nullptr;
  json shape = json::array();
  for (int i = 0; i < t.rank(); ++i) shape.push_back(t.dim(i));
  const auto bytes = std::as_bytes(t.span<float>());
  const auto* first = reinterpret_cast<const std::uint8_t*>(bytes.data());  // NOLINT: bytes
  return {{"shape", shape}, {"values", json::binary(std::vector<std::uint8_t>(first, first + bytes.size()))}};
}

Tensor to_tensor(const json& values) {
  if (values.is_null()) return {};
  const Tensor t = Tensor::empty(Shape(values.at("shape").get<std::vector<std::int64_t>>()));
  const auto& bytes = values.at("values").get_binary();
  const auto to = std::as_writable_bytes(t.span<float>());
  check(bytes.size() == to.size(), "test: an image of {} bytes came from another rank, expected {}", bytes.size(), to.size());
  std::memcpy(to.data(), bytes.data(), to.size());
  return t;
}

json of_metrics(const MetricList& metrics) {
  json values = json::array();
  for (const auto& [name, value] : metrics) values.push_back({name, value});
  return values;
}

MetricList to_metrics(const json& values) {
  MetricList metrics;
  for (const json& one : values) metrics.emplace_back(one.at(0).get<std::string>(), one.at(1).get<double>());
  return metrics;
}

}  // namespace

std::string packed(const TestedImage& image) {
  json rows = json::array();
  for (const auto& [method, metrics] : image.rows) rows.push_back({method, of_metrics(metrics)});
  const SamplingCost& c = image.cost;
  return text_of({{"fused", of_tensor(image.output.fused)},
                  {"detail", of_tensor(image.output.detail)},
                  {"rows", rows},
                  {"seconds", image.seconds},
                  {"cost", {c.images, c.tiles, c.calls, c.seconds}}});
}

TestedImage unpacked_image(const std::string& text) {
  const json values = json::from_cbor(text);
  TestedImage image;
  image.output = {to_tensor(values.at("fused")), to_tensor(values.at("detail"))};
  for (const json& row : values.at("rows")) image.rows.emplace_back(row.at(0).get<std::string>(), to_metrics(row.at(1)));
  image.seconds = values.at("seconds").get<double>();
  const json& cost = values.at("cost");
  image.cost = {cost.at(0).get<std::int64_t>(), cost.at(1).get<std::int64_t>(), cost.at(2).get<std::int64_t>(),
                cost.at(3).get<double>()};
  return image;
}

}  // namespace cf
