// SPDX-License-Identifier: Apache-2.0
// Writes and reads the safetensors format.
#include "model/safetensors.hpp"

#include <bit>
#include <cstring>
#include <filesystem>
#include <fstream>

#include <nlohmann/json.hpp>

#include <slalom/error.hpp>

#include "data/atomic_file.hpp"

namespace slalom::model_io {
namespace {

using Json = nlohmann::ordered_json;

static_assert(std::endian::native == std::endian::little, "safetensors is little-endian");

constexpr std::uint64_t kLengthBytes = 8;
constexpr std::uint64_t kLargestHeader = std::uint64_t{100} << 20U;
constexpr std::int64_t kMostElements = std::int64_t{1} << 59;

std::int64_t bytes_of_type(const std::string& type) {
  if (type == "F32" || type == "U32") return 4;
  if (type == "F64") return 8;
  throw DataError("found a tensor of type '" + type + "', expected F32, F64 or U32");
}

/// Bytes that a tensor of this type and shape takes.
std::int64_t bytes_of(const std::string& type, const std::vector<std::int64_t>& shape) {
  std::int64_t elements = 1;
  for (const std::int64_t size : shape) {
    if (size < 0 || (size > 0 && elements > kMostElements / size)) throw DataError("a tensor has an impossible shape");
    elements *= size;
  }
  return elements * bytes_of_type(type);
}

}  // namespace

std::string safetensors_header(const Metadata& metadata, const NamedTensors& tensors) {
  Json texts = Json::object();
  for (const auto& [name, text] : metadata) texts[name] = text;
  Json header = {{"__metadata__", texts}};
  std::int64_t offset = 0;
  for (const auto& [name, tensor] : tensors) {
    const std::int64_t end = offset + bytes_of(tensor.type, tensor.shape);
    header[name] = {{"dtype", tensor.type}, {"shape", tensor.shape}, {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');
  const std::uint64_t length = text.size();
  return std::string(reinterpret_cast<const char*>(&length), kLengthBytes) + text;
}

void write_safetensors(AtomicFile& file, const Metadata& metadata, const NamedTensors& tensors) {
  file.write(safetensors_header(metadata, tensors));
  for (const auto& [name, tensor] : tensors) file.write(tensor.bytes);
}

std::string read_whole_file(const std::string& path, const std::string& what) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) throw InputError(path + ": no such file");
  if (std::filesystem::is_directory(path, error)) throw InputError(path + ": is a directory, expected a " + what);
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  std::ifstream file(path, std::ios::binary);
  if (error || !file) throw InputError(path + ": cannot be read");
  std::string bytes(size, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(size));
  if (!file) throw Error(ExitCode::kIo, path + ": reading failed after " + std::to_string(file.gcount()) + " bytes");
  return bytes;
}

SafetensorsView::SafetensorsView(std::string path, std::string_view bytes, std::string what)
    : path_(std::move(path)), bytes_(bytes), what_(std::move(what)) {
  try {
    read_header();
  } catch (const nlohmann::json::exception& error) {
    fail(error.what());
  }
}

void SafetensorsView::read_header() {
  const auto truncated = [this](std::uint64_t expected) {
    return DataError(path_ + ": truncated: found " + std::to_string(bytes_.size()) + " bytes, expected " +
                     std::to_string(expected));
  };
  if (bytes_.empty()) throw DataError(path_ + ": is empty");
  if (bytes_.size() < kLengthBytes) throw truncated(kLengthBytes);
  std::uint64_t length = 0;
  std::memcpy(&length, bytes_.data(), kLengthBytes);
  if (length > kLargestHeader) fail("it does not begin with the length of a safetensors header");
  if (bytes_.size() < kLengthBytes + length) throw truncated(kLengthBytes + length);
  const Json header = Json::parse(bytes_.substr(kLengthBytes, length), nullptr, false);
  if (!header.is_object()) fail("the header is not a JSON object");
  const std::string_view data = bytes_.substr(kLengthBytes + length);
  std::uint64_t at = 0;
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") {
      metadata_ = entry.get<std::map<std::string, std::string>>();
      continue;
    }
    StoredTensor tensor{entry.at("dtype").get<std::string>(), entry.at("shape").get<std::vector<std::int64_t>>(), {}};
    std::uint64_t size = 0;
    try {
      size = static_cast<std::uint64_t>(bytes_of(tensor.type, tensor.shape));
    } catch (const DataError& error) {
      fail(error.what());
    }
    if (entry.at("data_offsets").get<std::vector<std::uint64_t>>() != std::vector{at, at + size}) {
      fail("tensor '" + name + "' has another type, shape or place than the ones before it leave");
    }
    at += size;
    if (at <= data.size()) tensor.bytes = data.substr(at - size, size);
    tensors_.emplace(name, std::move(tensor));
  }
  if (data.size() < at) throw truncated(kLengthBytes + length + at);
  if (data.size() > at) {
    fail("found " + std::to_string(bytes_.size()) + " bytes, expected " + std::to_string(kLengthBytes + length + at));
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
  throw DataError(path_ + ": not a slalom " + what_ + ": " + why);
}

}  // namespace slalom::model_io
