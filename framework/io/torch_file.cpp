#include "framework/io/torch_file.h"

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "framework/io/pickle.h"
#include "framework/io/torch_tensors.h"

namespace cf {
namespace {

using pickle::Document;
using pickle::Kind;
using pickle::Value;

constexpr int kMaxDepth = 32;                  // of dictionaries and lists within each other
constexpr std::size_t kMaxVisits = 1'000'000;  // values that are looked at, however often lists repeat them

constexpr std::size_t kMaxKey = 1000;  // characters

constexpr std::array<const char*, 8> kWrappers = {
    "ema", "ema_state_dict", "params_ema", "state_dict", "model_state_dict", "model", "net", "params"};

// Finds the tensors of a document and gives them their names.
class Collector {
 public:
  Collector(const Document& document, TorchTensors& rebuilt, std::string file)
      : document_(document), rebuilt_(rebuilt), file_(std::move(file)) {}

  TorchFile run(const std::string& part) {
    walk(chosen(part), "", 0);
    check(!content_.tensors.empty(), "{}: holds no tensors{}", file_, part.empty() ? "" : " under \"" + part + "\"");
    for (const char* prefix : {"module.", "_orig_mod."}) drop_common_prefix(prefix);
    if (skipped_ > 0) note("{} values that are no tensors left out (numbers, text)", skipped_);
    return std::move(content_);
  }

 private:
  template <class... Args>
  void note(fmt::format_string<Args...> format, Args&&... args) {
    content_.notes.push_back(fmt::vformat(format, fmt::make_format_args(args...)));
  }

  const Value& chosen(const std::string& part) {
    const Value& top = document_.top();
    if (!part.empty()) {
      const Value* found = top.kind == Kind::dict ? document_.find(top, part) : nullptr;
      check(found != nullptr, "{}: has no part \"{}\"; it has {}", file_, part, keys_of(top));
      return *found;
    }
    if (top.kind != Kind::dict || has_tensors(top)) return top;
    for (const char* key : kWrappers) {
      const Value* found = document_.find(top, key);
      if (found == nullptr || found->kind != Kind::dict || !has_tensors(*found)) continue;
      note("taken: \"{}\" of {}", key, keys_of(top));
      return *found;
    }
    return top;
  }

  bool has_tensors(const Value& dict) const {
    for (std::size_t i = 1; i < dict.items.size(); i += 2) {
      if (document_.at(dict.items[i]).kind == Kind::call) return true;
    }
    return false;
  }

  std::string keys_of(const Value& dict) const {
    constexpr std::size_t kListed = 20;
    std::string text;
    for (std::size_t i = 0; dict.kind == Kind::dict && i < std::min(dict.items.size(), 2 * kListed); i += 2) {
      text += (i == 0 ? "\"" : ", \"") + key_text(document_.at(dict.items[i])) + "\"";
    }
    if (dict.items.size() > 2 * kListed) text += ", ...";
    return text.empty() ? "none" : text;
  }

  std::string key_text(const Value& key) const {
    if (key.kind == Kind::integer) return std::to_string(key.integer);
    check(key.kind == Kind::text, "{}: a dictionary's key is a {}; text and numbers are supported", file_, name_of(key.kind));
    check(key.text.size() <= kMaxKey, "{}: a dictionary's key has {} characters; at most {} are supported", file_,
          key.text.size(), kMaxKey);
    return pickle::printable(key.text);
  }

  void walk(const Value& value, const std::string& name, int depth) {
    check(++visits_ <= kMaxVisits, "{}: its lists and dictionaries hold more than {} values", file_, kMaxVisits);
    check(depth <= kMaxDepth, "{}: its lists and dictionaries are nested more than {} deep", file_, kMaxDepth);
    const auto inside = [&](const std::string& key) { return name.empty() ? key : name + "." + key; };
    if (value.kind == Kind::dict) {
      for (std::size_t i = 0; i < value.items.size(); i += 2) {
        const std::string key = key_text(document_.at(value.items[i]));
        walk(document_.at(value.items[i + 1]), inside(key), depth + 1);
      }
    } else if (value.kind == Kind::list || value.kind == Kind::tuple) {
      for (std::size_t i = 0; i < value.items.size(); ++i) {
        walk(document_.at(value.items[i]), inside(std::to_string(i)), depth + 1);
      }
    } else if (value.kind == Kind::call) {
      const std::string shown = name.empty() ? "tensor" : name;
      check(names_.insert(shown).second, "{}: two tensors named \"{}\"", file_, shown);
      content_.tensors.emplace_back(shown, rebuilt_.rebuild(value, shown));
    } else {
      ++skipped_;
    }
  }

  void drop_common_prefix(std::string_view prefix) {
    NamedTensors& tensors = content_.tensors;
    const bool common = std::all_of(tensors.begin(), tensors.end(), [&](const auto& t) { return t.first.starts_with(prefix); });
    if (!common) return;
    for (auto& [name, tensor] : tensors) name.erase(0, prefix.size());
    note("\"{}\" in front of every name left out", prefix);
  }

  const Document& document_;
  TorchTensors& rebuilt_;
  std::string file_;
  TorchFile content_;
  std::set<std::string> names_;
  std::size_t visits_ = 0;
  std::size_t skipped_ = 0;
};

}  // namespace

TorchFile read_torch(const std::filesystem::path& path, const std::string& part) {
  const std::unique_ptr<TorchArchive> archive = open_torch(path);
  TorchTensors rebuilt(*archive);
  return Collector(archive->document(), rebuilt, path.string()).run(part);
}

}  // namespace cf
