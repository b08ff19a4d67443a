#include "framework/io/safetensors.h"

#include <cstring>

#include "framework/io/files.h"
#include "tests/io/support.h"

namespace cf {
namespace {

using test::contains;
using test::error_of;

// A file from a header text and its values.
std::string file_of(const std::string& header, const std::string& values) {
  const std::uint64_t length = header.size();
  std::string bytes(sizeof length, '\0');
  std::memcpy(bytes.data(), &length, sizeof length);
  return bytes + header + values;
}

SafeTensors sample() {
  SafeTensors content;
  content.metadata = {{"format", "pt"}, {"note", "5 > 4 \"quoted\""}};
  content.tensors.emplace_back("bytes", Tensor::from<std::uint8_t>(Shape{3}, {1, 2, 255}));
  content.tensors.emplace_back("weight", Tensor::from<float>(Shape{2, 3}, {1, -2, 3.5F, 4, 5, -0.0F}));
  content.tensors.emplace_back("half", Tensor::from<float>(Shape{2}, {1, 2}).to(DType::bf16));
  content.tensors.emplace_back("index", Tensor::from<std::int64_t>(Shape{1}, {-7}));
  content.tensors.emplace_back("counts", Tensor::from<std::uint16_t>(Shape{2, 1}, {7, 65535}));
  content.tensors.emplace_back("scalar", Tensor::from<double>(Shape{}, {1.0 / 3}));
  content.tensors.emplace_back("none", Tensor::empty(Shape{0, 4}));
  return content;
}

std::string bytes_of(const Tensor& t) {
  const ConstView v = t.cview();
  return {static_cast<const char*>(v.data), static_cast<std::size_t>(v.numel()) * size_of(v.dtype)};
}

TEST_CASE("safetensors: every type comes back bit by bit") {
  const test::TempFolder folder;
  const SafeTensors content = sample();
  write_safetensors(folder / "a.safetensors", content);
  const SafeTensors read = read_safetensors(folder / "a.safetensors");
  CHECK(read.metadata == content.metadata);
  REQUIRE(read.tensors.size() == content.tensors.size());
  for (const auto& [name, tensor] : content.tensors) {
    const Tensor* found = find_tensor(read.tensors, name);
    REQUIRE(found != nullptr);
    CHECK(found->dtype() == tensor.dtype());
    CHECK(found->shape() == tensor.shape());
    CHECK(bytes_of(*found) == bytes_of(tensor));
  }
  CHECK(find_tensor(read.tensors, "nobody") == nullptr);
  CHECK(folder.entries() == 1);
}

TEST_CASE("safetensors: a malformed header is an error that names the file") {
  const test::TempFolder folder;
  const auto message = [&](const std::string& header, const std::string& values) {
    test::put_file(folder / "bad.safetensors", file_of(header, values));
    const std::string text = error_of([&] { read_safetensors(folder / "bad.safetensors"); });
    CHECK(contains(text, "bad.safetensors"));
    return text;
  };
  const std::string four(4, 'x');
  CHECK(contains(message("[1]", ""), "not an object"));
  CHECK(contains(message("{\"a\": 3}", ""), "\"a\""));
  CHECK(contains(message("{\"a\": ", ""), "1:"));
  CHECK(contains(message(R"({"__metadata__": {"k": 1}})", ""), "\"k\" is not text"));
  CHECK(contains(message(R"({"a":{"shape":[1],"data_offsets":[0,4]}})", four), "no dtype"));
  CHECK(contains(message(R"({"a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}})", four), "F16"));
  CHECK(contains(message(R"({"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", four), "extents"));
  CHECK(contains(message(R"({"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}})", four), "extents"));
  CHECK(contains(message(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}})", four), "agree"));
  CHECK(contains(message(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", four), "agree"));
  CHECK(contains(message(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}})", four), "pair"));
  CHECK(contains(message(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", four + four), "expected 0"));
  CHECK(contains(message(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", four + "y"), "5"));
  CHECK(contains(message(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", "xyz"), "truncated"));
  CHECK(contains(message(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},
                             "b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})",
                         four),
                 "\"b\""));
  CHECK(contains(message(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},
                             "a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})",
                         four),
                 "twice"));
  CHECK(contains(message(R"({"a":{"dtype":"F32","shape":[1,1,1,1,1,1,1],"data_offsets":[0,4]}})", four), "7 dimensions"));
  CHECK(contains(message(R"({"a":{"dtype":"F32","shape":[4294967296,4294967296,2],"data_offsets":[0,0]}})", ""), "too large"));
  CHECK(contains(message(R"({"a":{"dtype":"F32","shape":[9223372036854775808],"data_offsets":[0,0]}})", ""), "bad.safe"));

  test::put_file(folder / "bad.safetensors", "short");
  CHECK(contains(error_of([&] { read_safetensors(folder / "bad.safetensors"); }), "bad.safetensors"));
  test::put_file(folder / "bad.safetensors", std::string(16, '\xff'));
  CHECK(contains(error_of([&] { read_safetensors(folder / "bad.safetensors"); }), "header of"));
  CHECK(contains(error_of([&] { read_safetensors(folder / "absent.safetensors"); }), "absent.safetensors"));
  CHECK(contains(error_of([&] { read_safetensors(folder.path()); }), "not a file"));
}

TEST_CASE("safetensors: truncated at any length, never accepted") {
  const test::TempFolder folder;
  write_safetensors(folder / "a.safetensors", sample());
  const std::string whole = read_text(folder / "a.safetensors");
  for (std::size_t n = 0; n < whole.size(); ++n) {
    test::put_file(folder / "cut.safetensors", whole.substr(0, n));
    CHECK(!error_of([&] { read_safetensors(folder / "cut.safetensors"); }).empty());
  }
}

TEST_CASE("safetensors: two tensors of one name cannot be written") {
  const test::TempFolder folder;
  SafeTensors content = sample();
  content.tensors.push_back(content.tensors[0]);
  CHECK(contains(error_of([&] { write_safetensors(folder / "a.safetensors", content); }), "\"bytes\""));
  CHECK(folder.entries() == 0);
}

}  // namespace
}  // namespace cf
