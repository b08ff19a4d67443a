// Small files of every format that the fuzzers begin with: make_seeds FOLDER makes FOLDER/<fuzzer>/... and FOLDER/<fuzzer>.dict.
#include <algorithm>
#include <array>
#include <fstream>
#include <set>
#include <span>

#include "framework/io/checkpoint.h"
#include "framework/io/files.h"
#include "framework/io/safetensors.h"
#include "tests/fuzz/harness.h"
#include "tests/harness/torch_writer.h"
#include "tools/cfrun/experiment.h"

namespace {

using cf::DType;
using cf::NamedTensors;
using cf::Tensor;
using cf::test::PickleWriter;

std::filesystem::path root;

void seed(const std::string& fuzzer, const std::string& name, const std::string& bytes) {
  cf::make_directories(root / fuzzer);
  std::ofstream(root / fuzzer / name, std::ios::binary) << bytes;
}

std::string with_way(int way, const std::string& rest) { return static_cast<char>(way) + rest; }
std::string with_values(const std::string& header, const std::string& values) { return header + '\0' + values; }

Tensor ones(const cf::Shape& shape, DType dtype) {
  const Tensor t = Tensor::empty(shape, dtype);
  auto* bytes = static_cast<std::uint8_t*>(t.view().data);
  std::fill(bytes, bytes + static_cast<std::size_t>(t.numel()) * cf::size_of(dtype), std::uint8_t{1});
  return t;
}

NamedTensors some_tensors() {
  return {{"model.head.weight", ones({4, 3, 3, 2}, DType::f32)},
          {"optimizer.m", ones({7}, DType::f64)},
          {"steps", ones(cf::Shape(), DType::i64)},
          {"half", ones({5}, DType::bf16)},
          {"none", ones({0, 3}, DType::u16)},
          {"bytes", ones({3, 1}, DType::u8)}};
}

// Writes with `write`, takes the bytes.
template <class Write>
std::string written(const std::string& name, const Write& write) {
  const auto path = root / name;
  write(path);
  const std::string bytes = cf::read_text(path);
  std::filesystem::remove(path);
  return bytes;
}

void checkpoints() {
  cf::Checkpoint checkpoint;
  seed("checkpoint", "empty", with_way(0, written("a.cfk", [&](const auto& p) { cf::write_checkpoint(p, checkpoint); })));
  checkpoint.meta["step"] = 12;
  checkpoint.meta["config"] = {{"name", "x"}};
  checkpoint.tensors = some_tensors();
  const std::string whole = written("a.cfk", [&](const auto& p) { cf::write_checkpoint(p, checkpoint); });
  seed("checkpoint", "whole", with_way(0, whole));
  seed("checkpoint", "mended", with_way(1, whole));
  const std::size_t data = whole.find(std::string(32, '\1'));
  const std::string header = whole.substr(32, whole.find(std::string(8, '\0'), 32) - 32);
  seed("checkpoint", "composed", with_way(2, with_values(header, whole.substr(std::min(data, whole.size())))));
  const std::string small =
      R"({"meta":{},"tensors":[{"name":"a","dtype":"u8","shape":[3],"offset":0,"checksum":"8d0c2cc5ae0c2d65"}]})";
  seed("checkpoint", "small", with_way(2, with_values(small, "abc")));
}

void safetensors() {
  cf::SafeTensors content;
  content.metadata = {{"format", "pt"}};
  content.tensors = some_tensors();
  const std::string whole = written("a.safetensors", [&](const auto& p) { cf::write_safetensors(p, content); });
  seed("safetensors", "whole", with_way(0, whole));
  seed(
      "safetensors", "composed",
      with_way(1, with_values(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"__metadata__":{"k":"v"}})", "01234567")));
  seed("safetensors", "types",
       with_way(1, with_values(R"({"b":{"dtype":"BF16","shape":[],"data_offsets":[0,2]},)"
                               R"("u":{"dtype":"U8","shape":[1,1],"data_offsets":[2,3]}})",
                               "012")));
}

void numpy() {
  const auto header = [](const std::string& type, const std::string& order, const std::string& shape) {
    return "{'descr': '" + type + "', 'fortran_order': " + order + ", 'shape': " + shape + ", }  \n";
  };
  const std::string values(24, '\x3f');
  const std::string f32 = header("<f4", "False", "(2, 3)");
  seed("numpy", "f32", with_way(1, with_values(f32, values)));
  seed("numpy", "fortran", with_way(1, with_values(header("<f4", "True", "(2, 3)"), values)));
  seed("numpy", "f16", with_way(1, with_values(header("<f2", "False", "(12,)"), values)));
  seed("numpy", "i8", with_way(1, with_values(header("|i1", "True", "(2, 3, 4)"), values)));
  seed("numpy", "scalar", with_way(3, with_values(header("<f8", "False", "()"), values.substr(0, 8))));
  std::string npy = "\x93NUMPY\x01";
  npy += '\0';
  cf::fuzz::put(npy, static_cast<std::uint16_t>(f32.size()));
  npy += f32 + values;
  seed("numpy", "npy", with_way(0, npy));
  seed("numpy", "npz", with_way(2, cf::test::zip_archive({{"a.npy", npy}, {"b.npy", npy}})));
  seed("numpy", "packed", with_way(3, with_values(f32, values)));
}

// The older format: five pickles, then the storages.
std::string sequential() {
  std::string magic = "\x80\x02\x8a\x0a";
  magic += std::string("\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 10) + ".";
  PickleWriter machine;
  machine.dict().text("little_endian").op("\x88").end_dict();
  PickleWriter object;
  object.dict().text("w").tensor({.numel = 6, .shape = {2, 3}, .sequential = true}).end_dict();
  PickleWriter keys;
  keys.op("](").text("0").op("e");
  std::string file = magic + PickleWriter().integer(1001).stop() + machine.stop() + object.stop() + keys.stop();
  cf::fuzz::put(file, std::uint64_t{6});
  return file + std::string(24, '\x3f');
}

void torch() {
  PickleWriter plain;
  plain.dict().text("w").tensor({.numel = 12, .shape = {3, 4}}).end_dict();
  seed("torch", "pickle", with_way(1, plain.stop()));
  seed("torch", "packed", with_way(7, plain.stop()));
  PickleWriter turned;
  turned.dict().text("state_dict").dict().text("module.w");
  turned.tensor({.numel = 24, .shape = {4, 3}, .strides = {1, 4}, .offset = 2, .storage = "HalfStorage"});
  turned.text("module.b").tensor({.key = "1", .numel = 48, .shape = {48}, .storage = "CharStorage"});
  turned.end_dict().text("epoch").integer(7).text("list").op("](").integer(1).op("\x88N").op("e").end_dict();
  seed("torch", "nested", with_way(7, turned.stop()));
  PickleWriter ordered;
  ordered.global("collections", "OrderedDict").op(")R(").text("w").tensor({.numel = 12, .shape = {12}}).end_dict();
  ordered.op("}(").text("_metadata").dict().end_dict().op("ub");
  seed("torch", "ordered", with_way(1, ordered.stop()));
  seed("torch", "zip", with_way(0, cf::test::torch_zip(plain.stop(), {std::string(48, '\x3f')})));
  seed("torch", "sequential", with_way(0, sequential()));
}

void keys_of(const cf::ordered_json& schema, std::set<std::string>& words) {
  if (schema.contains("properties")) {
    for (const auto& [key, inner] : schema["properties"].items()) {
      words.insert(key);
      keys_of(inner, words);
    }
  }
  if (schema.contains("items")) keys_of(schema["items"], words);
  if (schema.contains("enum")) {
    for (const auto& word : schema["enum"]) words.insert(word.get<std::string>());
  }
}

void configs() {
  seed("config", "empty", "{}");
  seed("config", "few", R"({"model":{"name":"ssdiff"},"data":{"sensor":"qb","rgb":[3,2,1]},"train":{"max_steps":5}})");
  seed("config", "more",
       R"({"data":{"bands":3,"wavelengths":[650,550,450],"rgb_nm":[650,550,450],"scale":1e3},)"
       R"("schedule":{"name":"multistep","milestones":[1,20],"gamma":0.5,"epochs":30}})");
  seed("config", "override", with_values("{}", "train.batch=4\nmodel.cf2n.channels=8\ndata.rgb=[1,2,3]\nname=x"));
  std::set<std::string> words;
  keys_of(cf::experiment_schema(), words);
  std::string dictionary;
  for (const std::string& word : words) {
    dictionary += "\"\\\"" + word + "\\\"\"\n";
    dictionary += "\"" + word + "=\"\n";
  }
  std::ofstream(root / "config.dict") << dictionary;
}

void dictionary(const std::string& fuzzer, std::span<const char* const> words) {
  std::ofstream file(root / (fuzzer + ".dict"));
  for (const char* word : words) file << "\"" << word << "\"\n";
}

void dictionaries() {
  constexpr std::array kCheckpoint = {R"(\"meta\":)",     R"(\"tensors\":[)",       R"({\"name\":\")", R"(\"dtype\":\"f32\")",
                                      R"(\"shape\":[)",   R"(\"offset\":0)",        R"(\"bf16\")",     R"(\"i64\")",
                                      R"(\"checksum\":)", R"(9223372036854775807)", R"(4294967296)",   R"(CFRUNCKP)"};
  dictionary("checkpoint", kCheckpoint);
  constexpr std::array kSafetensors = {R"(\"dtype\":\"F32\")", R"(\"shape\":[)",         R"(\"data_offsets\":[0,)", R"(\"BF16\")",
                                       R"(\"__metadata__\":)", R"(9223372036854775807)", R"(4294967296)",           R"(\"I64\")"};
  dictionary("safetensors", kSafetensors);
  constexpr std::array kNumpy = {
      "'descr': '<f4'", "'fortran_order': True", "'fortran_order': False", "'shape': (",  "NUMPY", "|i1", "9223372036854775807",
      "4294967296",     "PK\\x03\\x04",          "PK\\x01\\x02",           "PK\\x05\\x06"};
  dictionary("numpy", kNumpy);
  constexpr std::array kTorch = {"ctorch._utils\\x0a_rebuild_tensor_v2\\x0a",
                                 "ctorch\\x0aFloatStorage\\x0a",
                                 "ccollections\\x0aOrderedDict\\x0a",
                                 "X\\x07\\x00\\x00\\x00storage",
                                 "state_dict",
                                 "ctorch._utils\\x0a_rebuild_parameter\\x0a",
                                 "\\x8a\\x08\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x7f",
                                 "PK\\x03\\x04",
                                 "PK\\x01\\x02"};
  dictionary("torch", kTorch);
}

}  // namespace

int main(int count, char** words) {
  if (count != 2) return 2;
  root = words[1];
  cf::make_directories(root);
  checkpoints();
  safetensors();
  numpy();
  torch();
  configs();
  dictionaries();
  return 0;
}
