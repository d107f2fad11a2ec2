// SPDX-License-Identifier: Apache-2.0
// Writes and reads the safetensors format.
#include "model/safetensors.hpp"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <new>
#include <tuple>

#include <nlohmann/json.hpp>

#include <slalom/error.hpp>

#include "data/atomic_file.hpp"
#include "model/untrusted_json.hpp"

namespace slalom::model_io {
namespace {

using Json = nlohmann::ordered_json;

static_assert(std::endian::native == std::endian::little, "safetensors is little-endian");

constexpr std::uint64_t kLengthBytes = 8;
constexpr std::uint64_t kLargestHeader = std::uint64_t{100} << 20U;
constexpr std::int64_t kMostElements = std::int64_t{1} << 59;
constexpr std::size_t kLongestReason = 400;  // names and numbers in a file may be of any length
constexpr const char* kMetadata = "__metadata__";

std::int64_t bytes_of_type(const std::string& type) {
  if (type == "F32" || type == "U32") return 4;
  if (type == "F64") return 8;
  throw MalformedJson("found a tensor of type '" + type + "', expected F32, F64 or U32");
}

/// Bytes that a tensor of this type and shape takes.
std::int64_t bytes_of(const std::string& type, const std::vector<std::int64_t>& shape) {
  std::int64_t elements = 1;
  for (const std::int64_t size : shape) {
    if (size < 0 || (size > 0 && elements > kMostElements / size))
      throw MalformedJson("a tensor has an impossible shape");
    elements *= size;
  }
  return elements * bytes_of_type(type);
}

/// The number at the start of a file of at least that size; else 0.
std::uint64_t header_length(std::string_view bytes) {
  std::uint64_t length = 0;
  if (bytes.size() >= kLengthBytes) std::memcpy(&length, bytes.data(), kLengthBytes);
  return length;
}

/// A tensor as the header has it: its place in the data, and the bytes that its type and shape make.
struct Placed {
  std::uint64_t begin = 0, end = 0, size = 0;
  std::string name, type;
  std::vector<std::int64_t> shape;
};

/// In the order of their places: that of their names in the header says nothing.
std::vector<Placed> placed_tensors(const nlohmann::json& header) {
  std::vector<Placed> list;
  for (const auto& [name, entry] : header.items()) {
    if (name == kMetadata) continue;
    Placed placed{.name = name, .type = entry.at("dtype").get<std::string>(), .shape = {}};
    for (const auto& extent : entry.at("shape")) placed.shape.push_back(whole_number(extent));
    const auto& place = entry.at("data_offsets");
    if (!place.is_array() || place.size() != 2) throw MalformedJson("tensor '" + name + "' has no place");
    placed.begin = static_cast<std::uint64_t>(whole_number(place[0]));
    placed.end = static_cast<std::uint64_t>(whole_number(place[1]));
    placed.size = static_cast<std::uint64_t>(bytes_of(placed.type, placed.shape));
    list.push_back(std::move(placed));
  }
  std::sort(list.begin(), list.end(), [](const Placed& a, const Placed& b) {
    return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
  });
  return list;
}

}  // namespace

std::string safetensors_header(const Metadata& metadata, const NamedTensors& tensors) {
  Json texts = Json::object();
  for (const auto& [name, text] : metadata) texts[name] = text;
  // Put together as text: every insertion into an ordered JSON object searches all of it.
  std::string text = R"({"__metadata__":)" + texts.dump();
  std::int64_t offset = 0;
  for (const auto& [name, tensor] : tensors) {
    const std::int64_t end = offset + bytes_of(tensor.type, tensor.shape);
    const Json entry = {{"dtype", tensor.type}, {"shape", tensor.shape}, {"data_offsets", {offset, end}}};
    text.append(",").append(Json(name).dump()).append(":").append(entry.dump());
    offset = end;
  }
  text += '}';
  text.resize((text.size() + 7) / 8 * 8, ' ');
  const std::uint64_t length = text.size();
  return std::string(reinterpret_cast<const char*>(&length), kLengthBytes) + text;
}

void write_safetensors(AtomicFile& file, const Metadata& metadata, const NamedTensors& tensors) {
  file.write(safetensors_header(metadata, tensors));
  for (const auto& [name, tensor] : tensors) file.write(tensor.bytes);
}

std::string read_safetensors(const std::string& path, const std::string& what) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) throw InputError(path + ": no such file");
  if (std::filesystem::is_directory(path, error))
    throw InputError(path + ": is a directory, expected a slalom " + what);
  const std::uint64_t size = std::filesystem::file_size(path, error);
  std::ifstream file(path, std::ios::binary);
  if (!file && errno == ENOMEM) throw std::bad_alloc();
  if (error || !file) throw InputError(path + ": cannot be read");
  std::string bytes;
  const auto read_up_to = [&](std::uint64_t end) {
    const std::size_t begin = bytes.size();
    bytes.resize(end);
    file.read(bytes.data() + begin, static_cast<std::streamsize>(end - begin));
    if (!file) {
      const auto n_read = begin + static_cast<std::size_t>(file.gcount());
      throw Error(ExitCode::kIo, path + ": reading failed after " + std::to_string(n_read) + " bytes");
    }
  };
  read_up_to(std::min(size, kLengthBytes));
  const std::uint64_t length = header_length(bytes);
  if (length <= kLargestHeader) read_up_to(std::min(size, kLengthBytes + length));
  static_cast<void>(SafetensorsView(path, bytes, what, size));  // throws unless the tensors make up the rest
  read_up_to(size);
  return bytes;
}

SafetensorsView::SafetensorsView(std::string path, std::string_view bytes, std::string what)
    : SafetensorsView(std::move(path), bytes, std::move(what), bytes.size()) {}

SafetensorsView::SafetensorsView(std::string path, std::string_view bytes, std::string what, std::uint64_t file_size)
    : path_(std::move(path)), bytes_(bytes), what_(std::move(what)) {
  std::string why;
  try {
    read_header(file_size);
    return;
  } catch (const nlohmann::json::exception& error) {
    why = error.what();
  } catch (const MalformedJson& error) {
    why = error.what();
  }
  fail(why);
}

void SafetensorsView::read_header(std::uint64_t file_size) {
  const auto truncated = [&](std::uint64_t expected) {
    return DataError(path_ + ": truncated: found " + std::to_string(file_size) + " bytes, expected " +
                     std::to_string(expected));
  };
  if (file_size == 0) throw DataError(path_ + ": is empty");
  if (file_size < kLengthBytes) throw truncated(kLengthBytes);
  const std::uint64_t length = header_length(bytes_);
  if (length > kLargestHeader) fail("it does not begin with the length of a safetensors header");
  if (file_size < kLengthBytes + length) throw truncated(kLengthBytes + length);
  const auto header = parse_untrusted<nlohmann::json>(bytes_.substr(kLengthBytes, length));
  if (!header.is_object()) fail("the header is not a JSON object");
  const std::string_view data = bytes_.substr(kLengthBytes + length);
  std::uint64_t end = 0;
  for (const Placed& placed : placed_tensors(header)) {
    if (placed.begin != end || placed.end - placed.begin != placed.size) {
      fail("tensor '" + placed.name + "' has another type, shape or place than the ones before it leave");
    }
    end = placed.end;
    StoredTensor tensor{placed.type, placed.shape, {}};
    if (end <= data.size()) tensor.bytes = data.substr(placed.begin, placed.size);
    tensors_.emplace(placed.name, std::move(tensor));
  }
  if (header.contains(kMetadata)) metadata_ = header.at(kMetadata).get<std::map<std::string, std::string>>();
  const std::uint64_t expected = kLengthBytes + length + end;
  if (file_size < expected) throw truncated(expected);
  if (file_size > expected) {
    fail("found " + std::to_string(file_size) + " bytes, expected " + std::to_string(expected));
  }
}

const std::string& SafetensorsView::metadata(const std::string& name) const {
  const auto found = metadata_.find(name);
  if (found == metadata_.end()) fail("the header has no '" + name + "'");
  return found->second;
}

const StoredTensor& SafetensorsView::tensor(const std::string& name) const {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) fail("tensor '" + name + "' is missing");
  return found->second;
}

void SafetensorsView::fail(const std::string& why) const {
  const std::string cut = why.size() <= kLongestReason ? why : why.substr(0, kLongestReason) + "...";
  throw DataError(path_ + ": not a slalom " + what_ + ": " + cut);
}

}  // namespace slalom::model_io
