#include "framework/io/pickle.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <unordered_map>
#include <utility>

#include "framework/core/check.h"

namespace cf::pickle {
namespace {

// Of values, references to them, marks and memories: each takes more memory than the byte of the pickle that makes it, and one
// byte can copy a long list.
constexpr std::size_t kMaxParts = std::size_t{2} << 20U;
constexpr std::size_t kMaxName = 100;  // characters of a name in a message
constexpr std::string_view kOrderedDict = "collections.OrderedDict";

// The opcodes of Python's module pickletools, as far as they are understood.
enum Op : std::uint8_t {
  kMark = '(',
  kStop = '.',
  kPop = '0',
  kPopMark = '1',
  kDup = '2',
  kBinInt = 'J',
  kBinInt1 = 'K',
  kBinInt2 = 'M',
  kNone = 'N',
  kBinPersId = 'Q',
  kReduce = 'R',
  kBinString = 'T',
  kShortBinString = 'U',
  kBinUnicode = 'X',
  kAppend = 'a',
  kBuild = 'b',
  kGlobal = 'c',
  kEmptyDict = '}',
  kAppends = 'e',
  kGet = 'h',
  kInst = 'i',
  kLongGet = 'j',
  kEmptyList = ']',
  kPut = 'q',
  kLongPut = 'r',
  kSetItem = 's',
  kTuple = 't',
  kEmptyTuple = ')',
  kSetItems = 'u',
  kBinFloat = 'G',
  kBinBytes = 'B',
  kShortBinBytes = 'C',
  kProto = 0x80,
  kTuple1 = 0x85,
  kTuple2 = 0x86,
  kTuple3 = 0x87,
  kNewTrue = 0x88,
  kNewFalse = 0x89,
  kLong1 = 0x8a,
  kLong4 = 0x8b,
  kShortBinUnicode = 0x8c,
  kBinUnicode8 = 0x8d,
  kBinBytes8 = 0x8e,
  kEmptySet = 0x8f,
  kAddItems = 0x90,
  kStackGlobal = 0x93,
  kMemoize = 0x94,
  kFrame = 0x95,
};

class Reader {
 public:
  Reader(std::string_view bytes, std::size_t at, std::span<const std::string_view> allowed, std::string_view file)
      : bytes_(bytes), at_(at), allowed_(allowed), file_(file) {}

  Document run() {
    while (!step(byte())) {
    }
    return std::move(document_);
  }
  std::size_t position() const { return at_; }

 private:
  // --- the bytes ---
  template <class... Args>
  void expect(bool ok, fmt::format_string<Args...> format, Args&&... args) const {
    if (!ok) fail("{}: damaged pickle (byte {}): {}", file_, at_, fmt::vformat(format, fmt::make_format_args(args...)));
  }
  std::string_view raw(std::uint64_t count) {
    check(count <= bytes_.size() - at_, "{}: truncated pickle: it ends at byte {}, {} more are announced", file_, bytes_.size(),
          count - (bytes_.size() - at_));
    const std::string_view part = bytes_.substr(at_, count);
    at_ += count;
    return part;
  }
  std::uint8_t byte() { return static_cast<std::uint8_t>(raw(1)[0]); }
  // Little-endian.
  template <class T>
  T number() {
    T value{};
    std::memcpy(&value, raw(sizeof value).data(), sizeof value);
    return value;
  }
  std::string_view line() {
    const std::size_t end = bytes_.find('\n', at_);
    check(end != std::string_view::npos, "{}: truncated pickle: it ends within a line", file_);
    const std::string_view text = bytes_.substr(at_, end - at_);
    at_ = end + 1;
    return text;
  }

  // --- the stack ---
  void spend(std::size_t parts) {
    expect(parts <= kMaxParts - parts_, "more than {} values", kMaxParts);
    parts_ += parts;
  }
  void push(Value value) {
    spend(1 + value.items.size());
    document_.values.push_back(std::move(value));
    push_again(static_cast<Id>(document_.values.size() - 1));
  }
  void push_again(Id id) {
    spend(1);
    stack_.push_back(id);
  }
  void push(Kind kind, std::string_view text) { push({.kind = kind, .text = std::string(text), .items = {}}); }
  void push(Kind kind, std::vector<Id> items) { push({.kind = kind, .text = {}, .items = std::move(items)}); }
  void push_integer(Kind kind, std::int64_t n) { push({.kind = kind, .integer = n, .text = {}, .items = {}}); }
  // What stands behind the last mark belongs to an open bracket; nothing in front of it may be taken.
  std::size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }
  Id pop() {
    expect(stack_.size() > floor(), "a value is missing");
    const Id id = stack_.back();
    stack_.pop_back();
    return id;
  }
  std::vector<Id> pop(std::size_t count) {
    expect(stack_.size() - floor() >= count, "{} values are wanted", count);
    std::vector<Id> items(stack_.end() - static_cast<std::ptrdiff_t>(count), stack_.end());
    stack_.resize(stack_.size() - count);
    return items;
  }
  std::vector<Id> pop_mark() {
    expect(!marks_.empty(), "a mark is missing");
    std::vector<Id> items = pop(stack_.size() - marks_.back());
    marks_.pop_back();
    return items;
  }
  void push_mark() {
    spend(1);
    marks_.push_back(stack_.size());
  }
  void duplicate() {
    top();
    push_again(stack_.back());
  }
  Value& top() {
    expect(stack_.size() > floor(), "a value is missing");
    return document_.values[stack_.back()];
  }
  void put(std::uint32_t slot) {
    spend(1);
    top();
    memo_[slot] = stack_.back();
  }
  void get(std::uint32_t slot) {
    const auto found = memo_.find(slot);
    expect(found != memo_.end(), "it recalls value {}, which it has not stored", slot);
    push_again(found->second);
  }

  // --- what opcodes do ---
  void append(Kind kind, const std::vector<Id>& items) {
    spend(items.size());
    Value& target = top();
    expect(target.kind == kind, "it extends a {} as if it were a {}", name_of(target.kind), name_of(kind));
    expect(kind != Kind::dict || items.size() % 2 == 0, "a key without a value");
    target.items.insert(target.items.end(), items.begin(), items.end());
  }
  void push_long(std::uint64_t size) {
    const std::string_view digits = raw(size);
    if (size > 8) return push(Kind::large, digits);
    const bool negative = !digits.empty() && (static_cast<std::uint8_t>(digits.back()) & 0x80U) != 0;
    std::int64_t value = negative ? -1 : 0;
    std::memcpy(&value, digits.data(), digits.size());
    push_integer(Kind::integer, value);
  }
  // Stored with the highest byte first.
  void push_real() {
    std::array<char, 8> digits{};
    const std::string_view stored = raw(digits.size());
    std::copy(stored.rbegin(), stored.rend(), digits.begin());
    push({.kind = Kind::real, .real = std::bit_cast<double>(digits), .text = {}, .items = {}});
  }
  [[noreturn]] void refuse(std::string name) const {
    name.resize(std::min(name.size(), kMaxName));
    fail(
        "{}: its pickle calls {}: refused. Tensors, dictionaries, lists, text and numbers are read and nothing is executed; "
        "save the weights alone, torch.save(model.state_dict(), ...)",
        file_, printable(name));
  }
  void push_global(std::string_view module, std::string_view name) {
    const std::string full = std::string(module) + "." + std::string(name);
    if (full != kOrderedDict && std::find(allowed_.begin(), allowed_.end(), full) == allowed_.end()) refuse(full);
    push(Kind::global, full);
  }
  void stack_global() {
    const std::vector<Id> names = pop(2);
    const Value& module = document_.at(names[0]);
    const Value& name = document_.at(names[1]);
    expect(module.kind == Kind::text && name.kind == Kind::text, "a function's name is no text");
    push_global(std::string(module.text), std::string(name.text));
  }
  void reduce();
  void build();
  // True at the end of the pickle.
  bool step(std::uint8_t op);
  bool step_value(std::uint8_t op);
  bool step_container(std::uint8_t op);
  bool step_object(std::uint8_t op);

  std::string_view bytes_;
  std::size_t at_;
  std::span<const std::string_view> allowed_;
  std::string_view file_;
  Document document_;
  std::vector<Id> stack_;
  std::vector<std::size_t> marks_;  // heights of the stack
  std::size_t parts_ = 0;           // see kMaxParts
  std::unordered_map<std::uint32_t, Id> memo_;
};

void Reader::reduce() {
  const std::vector<Id> pair = pop(2);
  const Value& function = document_.at(pair[0]);
  std::vector<Id> arguments = document_.at(pair[1]).items;
  expect(document_.at(pair[1]).kind == Kind::tuple, "the arguments of a call are no tuple");
  expect(function.kind == Kind::global, "it calls a {}", name_of(function.kind));
  if (function.text != kOrderedDict) {
    return push({.kind = Kind::call, .text = std::string(function.text), .items = std::move(arguments)});
  }
  // Empty, filled later; older ones get a list of pairs.
  std::vector<Id> entries;
  expect(arguments.size() <= 1, "an OrderedDict of {} arguments", arguments.size());
  for (const Id list : arguments) {
    for (const Id pair_id : document_.at(list).items) {
      const std::vector<Id>& entry = document_.at(pair_id).items;
      expect(entry.size() == 2, "an OrderedDict of something else than pairs");
      entries.insert(entries.end(), entry.begin(), entry.end());
    }
  }
  push(Kind::dict, std::move(entries));
}

// Python attributes of a dictionary (the "_metadata" of a state dict) say nothing about its values.
void Reader::build() {
  pop();
  const Value& target = top();
  expect(target.kind == Kind::dict, "it sets attributes of a {}", name_of(target.kind));
}

bool Reader::step_value(std::uint8_t op) {
  switch (op) {
    case kNone: push({}); return true;
    case kNewTrue: push_integer(Kind::boolean, 1); return true;
    case kNewFalse: push_integer(Kind::boolean, 0); return true;
    case kBinInt: push_integer(Kind::integer, number<std::int32_t>()); return true;
    case kBinInt1: push_integer(Kind::integer, byte()); return true;
    case kBinInt2: push_integer(Kind::integer, number<std::uint16_t>()); return true;
    case kLong1: push_long(byte()); return true;
    case kLong4: push_long(number<std::uint32_t>()); return true;
    case kBinFloat: push_real(); return true;
    case kShortBinUnicode:
    case kShortBinString: push(Kind::text, raw(byte())); return true;
    case kBinUnicode:
    case kBinString: push(Kind::text, raw(number<std::uint32_t>())); return true;
    case kBinUnicode8: push(Kind::text, raw(number<std::uint64_t>())); return true;
    case kShortBinBytes: push(Kind::bytes, raw(byte())); return true;
    case kBinBytes: push(Kind::bytes, raw(number<std::uint32_t>())); return true;
    case kBinBytes8: push(Kind::bytes, raw(number<std::uint64_t>())); return true;
    default: return false;
  }
}

bool Reader::step_container(std::uint8_t op) {
  switch (op) {
    case kMark: push_mark(); return true;
    case kEmptyTuple: push(Kind::tuple, std::vector<Id>()); return true;
    case kTuple: push(Kind::tuple, pop_mark()); return true;
    case kTuple1: push(Kind::tuple, pop(1)); return true;
    case kTuple2: push(Kind::tuple, pop(2)); return true;
    case kTuple3: push(Kind::tuple, pop(3)); return true;
    case kEmptyList: push(Kind::list, std::vector<Id>()); return true;
    case kEmptyDict: push(Kind::dict, std::vector<Id>()); return true;
    case kEmptySet: push(Kind::set, std::vector<Id>()); return true;
    case kAppend: append(Kind::list, pop(1)); return true;
    case kAppends: append(Kind::list, pop_mark()); return true;
    case kSetItem: append(Kind::dict, pop(2)); return true;
    case kSetItems: append(Kind::dict, pop_mark()); return true;
    case kAddItems: append(Kind::set, pop_mark()); return true;
    default: return false;
  }
}

bool Reader::step_object(std::uint8_t op) {
  switch (op) {
    case kPop: pop(); return true;
    case kPopMark: pop_mark(); return true;
    case kDup: duplicate(); return true;
    case kPut: put(byte()); return true;
    case kLongPut: put(number<std::uint32_t>()); return true;
    case kMemoize: put(static_cast<std::uint32_t>(memo_.size())); return true;
    case kGet: get(byte()); return true;
    case kLongGet: get(number<std::uint32_t>()); return true;
    case kBinPersId: push(Kind::persistent, pop(1)); return true;
    case kStackGlobal: stack_global(); return true;
    case kReduce: reduce(); return true;
    case kBuild: build(); return true;
    case kFrame: raw(8); return true;
    default: return false;
  }
}

bool Reader::step(std::uint8_t op) {
  if (op == kStop) {
    document_.root = pop();
    return true;
  }
  if (op == kProto) {
    const int protocol = byte();
    check(protocol <= 5, "{}: a pickle of protocol {}; protocols up to 5 are read", file_, protocol);
    return false;
  }
  if (op == kGlobal || op == kInst) {
    const std::string_view module = line();
    const std::string_view name = line();
    // INST calls at once what GLOBAL only names.
    if (op == kInst) refuse(std::string(module) + "." + std::string(name));
    push_global(module, name);
    return false;
  }
  const bool known = step_value(op) || step_container(op) || step_object(op);
  expect(known, "opcode {:#04x} is not supported", op);
  return false;
}

}  // namespace

std::string printable(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c >= 0x7f; }, '?');
  return text;
}

const char* name_of(Kind kind) {
  switch (kind) {
    case Kind::none: return "None";
    case Kind::boolean: return "truth value";
    case Kind::integer:
    case Kind::large:
    case Kind::real: return "number";
    case Kind::text: return "text";
    case Kind::bytes: return "byte string";
    case Kind::tuple: return "tuple";
    case Kind::list: return "list";
    case Kind::dict: return "dictionary";
    case Kind::set: return "set";
    case Kind::global: return "function";
    case Kind::call: return "call's result";
    case Kind::persistent: return "stored object";
  }
  return "value";
}

const Value* Document::find(const Value& dict, std::string_view key) const {
  const Value* found = nullptr;
  for (std::size_t i = 0; i + 1 < dict.items.size(); i += 2) {
    const Value& k = at(dict.items[i]);
    if (k.kind == Kind::text && k.text == key) found = &at(dict.items[i + 1]);
  }
  return found;
}

Document read(std::string_view bytes, std::size_t& at, std::span<const std::string_view> allowed, std::string_view file) {
  Reader reader(bytes, at, allowed, file);
  Document document = reader.run();
  at = reader.position();
  return document;
}

}  // namespace cf::pickle
