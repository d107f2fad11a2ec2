// SPDX-License-Identifier: Apache-2.0
// The safetensors format: an 8-byte little-endian header length, a JSON header, the tensors one after another.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace slalom {
class AtomicFile;
}

namespace slalom::model_io {

/// A tensor as it stands in a file. `bytes` are row-major, little-endian, and belong to somebody else.
struct StoredTensor {
  std::string type;                 ///< "F32", "F64", "U32"
  std::vector<std::int64_t> shape;  ///< empty: a single number
  std::string_view bytes;
};

/// What the header says besides the tensors: names and texts.
using Metadata = std::vector<std::pair<std::string, std::string>>;
using NamedTensors = std::vector<std::pair<std::string, StoredTensor>>;

/// The bytes before the first tensor, a multiple of 8 of them. Of the tensors only types and shapes matter.
[[nodiscard]] std::string safetensors_header(const Metadata& metadata, const NamedTensors& tensors);

/// Writes header and tensors, in this order.
void write_safetensors(AtomicFile& file, const Metadata& metadata, const NamedTensors& tensors);

/// The content of a file that should be safetensors; its header is checked before memory is taken for the tensors.
/// `what`: what it should be, for messages ("model"). Throws InputError if it cannot be opened, Error (kIo) if reading
/// fails half-way, and as SafetensorsView.
[[nodiscard]] std::string read_safetensors(const std::string& path, const std::string& what);

/// A file in memory, untrusted: the header is checked against the bytes that are there, and the tensors fill all that
/// comes after it, without gaps.
class SafetensorsView {
 public:
  /// `bytes` outlive the view. `what`: what it should be, for messages ("model"). Throws DataError: "FILE: is empty",
  /// "FILE: truncated: ...", "FILE: not a slalom model: ...".
  SafetensorsView(std::string path, std::string_view bytes, std::string what);

  /// The same of the first `bytes` of a file of `file_size` bytes, to check its header: tensors beyond them are empty.
  SafetensorsView(std::string path, std::string_view bytes, std::string what, std::uint64_t file_size);

  /// Throws DataError (all of these name the file) if there is none of that name.
  [[nodiscard]] const std::string& metadata(const std::string& name) const;
  [[nodiscard]] const StoredTensor& tensor(const std::string& name) const;
  [[nodiscard]] bool has_tensor(const std::string& name) const { return tensors_.count(name) > 0; }
  [[nodiscard]] std::size_t n_tensors() const noexcept { return tensors_.size(); }

  /// Throws DataError "FILE: not a slalom model: <why>".
  [[noreturn]] void fail(const std::string& why) const;

 private:
  void read_header(std::uint64_t file_size);

  std::string path_;
  std::string_view bytes_;
  std::string what_;
  std::map<std::string, std::string> metadata_;
  std::map<std::string, StoredTensor> tensors_;
};

}  // namespace slalom::model_io
