// SPDX-License-Identifier: Apache-2.0
// Saves and loads models as safetensors: an 8-byte little-endian header length, a JSON header, float32 data.
#include <bit>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>

#include <nlohmann/json.hpp>

#include <slalom/error.hpp>
#include <slalom/model.hpp>

#include "data/atomic_file.hpp"
#include "model/model_json.hpp"

namespace slalom {
namespace {

using Json = nlohmann::ordered_json;

static_assert(std::endian::native == std::endian::little, "safetensors is little-endian");

constexpr std::uint64_t kLargestHeader = std::uint64_t{100} << 20U;
constexpr const char* kFormat = "slalom-1";

std::string make_header(const Model& model, const ParameterLayout& layout) {
  Json header = {{"__metadata__", {{"format", kFormat}, {"model", model_io::to_json(model)}}}};
  std::int64_t offset = 0;
  for (const TensorView& tensor : layout.tensors) {
    const std::int64_t end = offset + tensor.size() * 4;
    Json shape = tensor.name.ends_with(".weight") ? Json{tensor.rows, tensor.cols} : Json::array({tensor.rows});
    header[tensor.name] = {{"dtype", "F32"}, {"shape", shape}, {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');
  return text;
}

/// Reads one file with every size checked against the file's before it is used.
class Loader {
 public:
  explicit Loader(const std::string& path) : path_(path), file_(path, std::ios::binary) {
    std::error_code error;
    if (!std::filesystem::exists(path, error)) throw InputError(path + ": no such file");
    if (std::filesystem::is_directory(path, error)) throw InputError(path + ": is a directory, expected a model file");
    size_ = std::filesystem::file_size(path, error);
    if (error || !file_) throw InputError(path + ": cannot be read");
  }

  Model load() {
    const Json header = read_header();
    try {
      const Json& metadata = header.at("__metadata__");
      const auto format = metadata.at("format").get<std::string>();
      if (format != kFormat) {
        throw DataError("format is '" + format + "', this version of slalom reads '" + kFormat + "'");
      }
      Model model = model_io::from_json(metadata.at("model").get<std::string>());
      const ParameterLayout layout(model.spec);
      if (header.size() != layout.tensors.size() + 1) {
        throw DataError("found " + std::to_string(header.size() - 1) + " tensors, expected " +
                        std::to_string(layout.tensors.size()));
      }
      check_size(layout);
      model.parameters.assign(static_cast<std::size_t>(layout.n_total), 0.0F);
      std::int64_t offset = 0;
      for (const TensorView& tensor : layout.tensors) {
        read_tensor(header.at(tensor.name), tensor, offset, model.parameters.data() + tensor.offset);
        offset += tensor.size() * 4;
      }
      return model;
    } catch (const nlohmann::json::exception& error) {
      fail(error.what());
    } catch (const DataError& error) {
      fail(error.what());
    }
  }

 private:
  [[noreturn]] void fail(const std::string& what) const { throw DataError(path_ + ": not a slalom model: " + what); }
  [[noreturn]] void truncated(std::uint64_t expected) const {
    throw DataError(path_ + ": truncated: found " + std::to_string(size_) + " bytes, expected " +
                    std::to_string(expected));
  }

  Json read_header() {
    if (size_ == 0) throw DataError(path_ + ": is empty");
    std::uint64_t length = 0;
    if (size_ < 8) truncated(8);
    file_.read(reinterpret_cast<char*>(&length), 8);
    if (length > kLargestHeader) fail("it does not begin with the length of a safetensors header");
    if (size_ < 8 + length) truncated(8 + length);
    data_begin_ = 8 + length;
    std::string text(length, '\0');
    file_.read(text.data(), static_cast<std::streamsize>(length));
    if (!file_) fail("the header cannot be read");
    Json header = Json::parse(text, nullptr, false);
    if (!header.is_object()) fail("the header is not a JSON object");
    return header;
  }

  void check_size(const ParameterLayout& layout) const {
    std::uint64_t expected = data_begin_;
    for (const TensorView& tensor : layout.tensors) expected += static_cast<std::uint64_t>(tensor.size()) * 4;
    if (size_ < expected) truncated(expected);
    if (size_ > expected)
      throw DataError("found " + std::to_string(size_) + " bytes, expected " + std::to_string(expected));
  }

  void read_tensor(const Json& entry, const TensorView& tensor, std::int64_t offset, float* into) {
    const auto shape = entry.at("shape").get<std::vector<std::int64_t>>();
    const bool matrix = tensor.name.ends_with(".weight");
    const std::vector<std::int64_t> expected =
        matrix ? std::vector{tensor.rows, tensor.cols} : std::vector{tensor.rows};
    const auto offsets = entry.at("data_offsets").get<std::vector<std::int64_t>>();
    if (entry.at("dtype").get<std::string>() != "F32" || shape != expected ||
        offsets != std::vector{offset, offset + tensor.size() * 4}) {
      throw DataError("tensor '" + tensor.name + "' has another type, shape or place than the model needs");
    }
    file_.seekg(static_cast<std::streamoff>(data_begin_) + offset);
    file_.read(reinterpret_cast<char*>(into), static_cast<std::streamsize>(tensor.size() * 4));
    if (!file_) throw DataError("tensor '" + tensor.name + "' cannot be read");
    for (std::int64_t i = 0; i < tensor.size(); ++i) {
      if (!std::isfinite(into[i])) throw DataError("tensor '" + tensor.name + "' holds a value that is not finite");
    }
  }

  std::string path_;
  std::ifstream file_;
  std::uint64_t size_ = 0;
  std::uint64_t data_begin_ = 0;
};

}  // namespace

void save_model(const Model& model, const std::string& path) {
  const ParameterLayout layout(model.spec);
  const std::string header = make_header(model, layout);
  const std::uint64_t length = header.size();
  AtomicFile file(path);
  const auto bytes_of = [](const auto* values, std::int64_t count) {
    return std::string_view(reinterpret_cast<const char*>(values), static_cast<std::size_t>(count) * sizeof(*values));
  };
  file.write(bytes_of(&length, 1));
  file.write(header);
  for (const TensorView& tensor : layout.tensors) {
    file.write(bytes_of(model.parameters.data() + tensor.offset, tensor.size()));
  }
  file.commit();
}

Model load_model(const std::string& path) { return Loader(path).load(); }

}  // namespace slalom
