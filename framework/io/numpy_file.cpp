#include "framework/io/numpy_file.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <string>
#include <string_view>

#include "framework/io/files.h"
#include "framework/io/raw_values.h"
#include "framework/io/zip_file.h"

namespace cf {
namespace {

struct TypeName {
  std::string_view name;
  RawType type;
};
constexpr std::array kTypes = {TypeName{"f2", RawType::f16},    TypeName{"f4", RawType::f32}, TypeName{"f8", RawType::f64},
                               TypeName{"i1", RawType::i8},     TypeName{"i2", RawType::i16}, TypeName{"i4", RawType::i32},
                               TypeName{"i8", RawType::i64},    TypeName{"u1", RawType::u8},  TypeName{"u2", RawType::u16},
                               TypeName{"b1", RawType::boolean}};

// The dictionary in front of the values: {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }.
class Header {
 public:
  Header(std::string_view text, const std::string& what) : text_(text), what_(what) {
    expect(take("{"));
    while (!take("}")) {
      const std::string_view key = quoted();
      expect(take(":"));
      if (key == "descr") {
        descr = quoted();
      } else if (key == "fortran_order") {
        fortran = take("True");
        expect(fortran || take("False"));
      } else {
        expect(key == "shape");
        read_shape();
      }
      if (!take(",")) expect(peek("}"));
    }
  }

  std::string_view descr;
  bool fortran = false;
  std::vector<std::int64_t> shape;

 private:
  void expect(bool ok) const { check(ok, "{}: its header is not NumPy's", what_); }
  bool peek(std::string_view word) {
    text_.remove_prefix(std::min(text_.find_first_not_of(" \n"), text_.size()));
    return text_.starts_with(word);
  }
  bool take(std::string_view word) {
    if (!peek(word)) return false;
    text_.remove_prefix(word.size());
    return true;
  }
  std::string_view quoted() {
    expect(take("'"));
    const std::size_t end = text_.find('\'');
    expect(end != std::string_view::npos);
    const std::string_view inside = text_.substr(0, end);
    text_.remove_prefix(end + 1);
    return inside;
  }
  void read_shape() {
    expect(take("("));
    while (!take(")")) {
      peek("");
      std::int64_t extent = 0;
      const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), extent);
      expect(error == std::errc() && extent >= 0);
      text_.remove_prefix(static_cast<std::size_t>(end - text_.data()));
      shape.push_back(extent);
      if (!take(",")) expect(peek(")"));
    }
  }

  std::string_view text_;
  const std::string& what_;
};

RawType type_of(std::string_view descr, const std::string& what) {
  check(!descr.starts_with('>'), "{}: of type '{}', big-endian; save it as little-endian", what, descr);
  const auto known = std::find_if(kTypes.begin(), kTypes.end(),
                                  [&](const TypeName& t) { return descr.size() == 3 && descr.substr(1) == t.name; });
  check(known != kTypes.end() && (descr[0] == '<' || descr[0] == '|'),
        "{}: of type '{}'; numbers f2, f4, f8, i1 to i8, u1, u2 and b1 are read", what, descr);
  return known->type;
}

// The array of a whole .npy; `what` names it.
Tensor parse(std::string_view bytes, const std::string& what) {
  constexpr std::string_view kMagic = "\x93NUMPY";
  constexpr std::size_t kStart = 8;  // magic and version
  check(bytes.starts_with(kMagic) && bytes.size() >= kStart + 4, "{}: no array of NumPy's", what);
  const int version = bytes[6];
  check(version >= 1 && version <= 3, "{}: of version {} of NumPy's format; 1 to 3 are read", what, version);
  std::uint32_t length = 0;  // two bytes in version 1
  const std::size_t digits = version == 1 ? 2 : 4;
  std::memcpy(&length, bytes.data() + kStart, digits);
  const std::string_view rest = bytes.substr(kStart + digits);
  check(length <= rest.size(), "{}: truncated: it ends within its header", what);
  const Header header(rest.substr(0, length), what);
  const std::string_view values = rest.substr(length);

  const RawType type = type_of(header.descr, what);
  const std::vector<std::int64_t>& shape = header.shape;
  check(shape.size() <= Shape::kMaxRank, "{}: {} dimensions; at most {} are supported", what, shape.size(), Shape::kMaxRank);
  const bool sane = checked_bytes(shape, DType::f64).has_value();
  const std::int64_t count = sane ? Shape(std::span<const std::int64_t>(shape)).numel() : -1;
  const bool agrees =
      sane && values.size() % size_of(type) == 0 && values.size() / size_of(type) == static_cast<std::size_t>(count);
  check(agrees, "{}: damaged or truncated: {} bytes of values do not fit its shape", what, values.size());

  Strided array{0, shape, std::vector<std::int64_t>(shape.size())};
  std::int64_t step = 1;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const std::size_t axis = header.fortran ? i : shape.size() - 1 - i;
    array.strides[axis] = step;
    step *= shape[axis];
  }
  return take(decode(type, count, [&](void* data, std::size_t n) { values.copy(static_cast<char*>(data), n); }), array);
}

}  // namespace

NamedTensors read_numpy(const std::filesystem::path& path) {
  NamedTensors tensors;
  if (path.extension() == ".npy") {
    tensors.emplace_back(path.stem().string(), parse(read_text(path), path.string()));
    return tensors;
  }
  const ZipFile zip(path);
  for (const std::string& entry : zip.names()) {
    constexpr std::string_view kExtension = ".npy";
    check(entry.ends_with(kExtension), "{}: holds {}, which is no array of NumPy's", path.string(), entry);
    const std::string name = entry.substr(0, entry.size() - kExtension.size());
    check(find_tensor(tensors, name) == nullptr, "{}: two arrays named \"{}\"", path.string(), name);
    tensors.emplace_back(name, parse(zip.read_text(entry), fmt::format("{}: array \"{}\"", path.string(), name)));
  }
  return tensors;
}

}  // namespace cf
