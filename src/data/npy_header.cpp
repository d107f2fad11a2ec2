// SPDX-License-Identifier: Apache-2.0
// The header of a NumPy .npy file: element type, order and shape (numpy.lib.format, versions 1.0 to 3.0).
#include "data/npy_header.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "data/cell_text.hpp"
#include "slalom/error.hpp"

namespace slalom {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::size_t kVersionBytes = 2;
constexpr std::int64_t kMaxTextOffset = 12;  // magic, version, and a length of 4 bytes
constexpr std::int64_t kMaxHeaderBytes = std::int64_t{1} << 20;
constexpr std::array<std::pair<std::string_view, NpyType>, 12> kTypes = {{{"b1", NpyType::kBool},
                                                                          {"i1", NpyType::kInt8},
                                                                          {"i2", NpyType::kInt16},
                                                                          {"i4", NpyType::kInt32},
                                                                          {"i8", NpyType::kInt64},
                                                                          {"u1", NpyType::kUint8},
                                                                          {"u2", NpyType::kUint16},
                                                                          {"u4", NpyType::kUint32},
                                                                          {"u8", NpyType::kUint64},
                                                                          {"f2", NpyType::kFloat16},
                                                                          {"f4", NpyType::kFloat32},
                                                                          {"f8", NpyType::kFloat64}}};

/// The little-endian integer in the first `n` bytes.
std::int64_t read_length(std::string_view bytes, std::size_t n) {
  std::uint64_t value = 0;
  for (std::size_t i = n; i-- > 0;) value = value << 8U | static_cast<unsigned char>(bytes[i]);
  return static_cast<std::int64_t>(value);
}

/// Reads the Python dictionary literal of a header: string keys with values that are strings, True/False or tuples of
/// integers.
class DictionaryParser {
 public:
  DictionaryParser(std::string_view text, const std::string& path) : text_(text), path_(path) {}

  void parse() {
    expect('{');
    while (!accept('}')) {
      const std::string_view key = parse_string();
      expect(':');
      if (key == "descr") {
        descr = parse_descr();
      } else if (key == "fortran_order") {
        fortran_order = parse_bool();
      } else if (key == "shape") {
        shape = parse_shape();
      } else {
        fail();
      }
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    if (!descr || !fortran_order || !shape) fail();
  }

  std::optional<std::string_view> descr;
  std::optional<bool> fortran_order;
  std::optional<std::vector<std::int64_t>> shape;

 private:
  [[noreturn]] void fail() const { throw DataError(path_ + ": the .npy header is corrupt"); }

  void skip_blanks() {
    while (!text_.empty() && (text_.front() == ' ' || text_.front() == '\n')) text_.remove_prefix(1);
  }
  bool accept(char c) {
    skip_blanks();
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  void expect(char c) {
    if (!accept(c)) fail();
  }
  std::string_view parse_string() {
    skip_blanks();
    if (text_.empty() || (text_.front() != '\'' && text_.front() != '"')) fail();
    const std::size_t end = text_.find(text_.front(), 1);
    if (end == std::string_view::npos) fail();
    const std::string_view out = text_.substr(1, end - 1);
    text_.remove_prefix(end + 1);
    return out;
  }
  std::string_view parse_descr() {
    skip_blanks();
    if (!text_.empty() && text_.front() == '[') {
      throw DataError(path_ + ": holds records with named fields (a structured array), expected plain numbers");
    }
    return parse_string();
  }
  bool parse_bool() {
    skip_blanks();
    for (const auto& [word, value] : {std::pair<std::string_view, bool>{"True", true}, {"False", false}}) {
      if (text_.starts_with(word)) {
        text_.remove_prefix(word.size());
        return value;
      }
    }
    fail();
  }
  std::vector<std::int64_t> parse_shape() {
    std::vector<std::int64_t> out;
    expect('(');
    while (!accept(')')) {
      skip_blanks();
      std::int64_t extent = -1;
      const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), extent);
      if (error != std::errc{} || extent < 0) fail();
      text_.remove_prefix(static_cast<std::size_t>(end - text_.data()));
      accept('L');  // written by Python 2
      out.push_back(extent);
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
    return out;
  }

  std::string_view text_;
  const std::string& path_;
};

NpyType find_type(const std::string& path, std::string_view descr) {
  const char order = descr.empty() ? '?' : descr.front();
  const std::string_view kind = descr.substr(descr.empty() ? 0 : 1);
  for (const auto& [name, type] : kTypes) {
    if (name != kind) continue;
    if (order == '<' || order == '|' || (order == '=' || bytes_of(type) == 1)) return type;
    throw DataError(fmt::format("{}: has big-endian elements ({}), expected little-endian", path, descr));
  }
  throw DataError(fmt::format("{}: has elements of type {}, expected bool, integers, float16, float32 or float64", path,
                              quote_for_message(descr)));
}

}  // namespace

std::int64_t bytes_of(NpyType type) noexcept {
  switch (type) {
    case NpyType::kBool:
    case NpyType::kInt8:
    case NpyType::kUint8: return 1;
    case NpyType::kInt16:
    case NpyType::kUint16:
    case NpyType::kFloat16: return 2;
    case NpyType::kInt32:
    case NpyType::kUint32:
    case NpyType::kFloat32: return 4;
    case NpyType::kInt64:
    case NpyType::kUint64:
    case NpyType::kFloat64: break;
  }
  return 8;
}

NpyHeader read_npy_header(const RandomAccessFile& file) {
  const std::string& path = file.path();
  std::string start(static_cast<std::size_t>(std::min<std::int64_t>(file.size(), kMaxTextOffset)), '\0');
  file.read(0, start);
  if (!start.starts_with(kMagic)) throw DataError(path + ": is not an .npy file");
  const std::string_view behind_magic = std::string_view(start).substr(kMagic.size());
  const int version = behind_magic.size() < kVersionBytes ? 0 : static_cast<unsigned char>(behind_magic[0]);
  const std::size_t length_bytes = version == 1 ? 2 : 4;
  if (version < 1 || version > 3)
    throw DataError(fmt::format("{}: has .npy version {}, expected 1, 2 or 3", path, version));
  const auto text_offset = static_cast<std::int64_t>(kMagic.size() + kVersionBytes + length_bytes);
  if (file.size() < text_offset) throw DataError(path + ": ends within the .npy header");
  const std::int64_t length = read_length(behind_magic.substr(kVersionBytes), length_bytes);
  if (length > file.size() - text_offset) throw DataError(path + ": ends within the .npy header");
  if (length > kMaxHeaderBytes) {
    throw DataError(
        fmt::format("{}: has an .npy header of {} bytes, expected at most {}", path, length, kMaxHeaderBytes));
  }

  std::string text(static_cast<std::size_t>(length), '\0');
  file.read(text_offset, text);
  DictionaryParser dictionary(text, path);
  dictionary.parse();
  NpyHeader header;
  header.type = find_type(path, *dictionary.descr);
  header.fortran_order = *dictionary.fortran_order;
  header.data_offset = text_offset + length;
  const std::vector<std::int64_t>& shape = *dictionary.shape;
  if (shape.empty() || shape.size() > 2) {
    throw DataError(fmt::format("{}: has {} dimensions, expected 1 or 2", path, shape.size()));
  }
  header.is_vector = shape.size() == 1;
  header.n_rows = shape[0];
  header.n_columns = header.is_vector ? 1 : shape[1];

  const std::int64_t n_bytes = file.size() - header.data_offset;
  std::int64_t n_elements = 0;
  std::int64_t n_announced = 0;
  if (__builtin_mul_overflow(header.n_rows, header.n_columns, &n_elements) ||
      __builtin_mul_overflow(n_elements, bytes_of(header.type), &n_announced) || n_announced != n_bytes) {
    throw DataError(fmt::format("{}: {} bytes follow the header, expected {} x {} elements of {} bytes", path, n_bytes,
                                header.n_rows, header.n_columns, bytes_of(header.type)));
  }
  return header;
}

std::string make_npy_header(std::int64_t n_rows, std::int64_t n_columns) {
  const std::string shape = n_columns == 0 ? fmt::format("({},)", n_rows) : fmt::format("({}, {})", n_rows, n_columns);
  std::string text = fmt::format("{{'descr': '<f8', 'fortran_order': False, 'shape': {}, }}", shape);
  constexpr std::size_t kTextOffset = 10;
  constexpr std::size_t kTextBytes = static_cast<std::size_t>(kWrittenNpyHeaderBytes) - kTextOffset;
  text.resize(kTextBytes - 1, ' ');
  text += '\n';
  std::string header(kMagic);
  header += {'\x01', '\x00', static_cast<char>(kTextBytes), '\x00'};
  return header + text;
}

}  // namespace slalom
