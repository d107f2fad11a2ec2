// SPDX-License-Identifier: Apache-2.0
// The header of a NumPy .npy file: element type, order and shape (numpy.lib.format, versions 1.0 to 3.0).
#pragma once

#include <cstdint>
#include <string>

#include "data/random_access_file.hpp"

namespace slalom {

enum class NpyType {
  kBool,
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kUint8,
  kUint16,
  kUint32,
  kUint64,
  kFloat16,
  kFloat32,
  kFloat64
};

[[nodiscard]] std::int64_t bytes_of(NpyType type) noexcept;

struct NpyHeader {
  NpyType type = NpyType::kFloat64;
  bool fortran_order = false;  ///< true: columns are contiguous
  std::int64_t n_rows = 0;
  std::int64_t n_columns = 1;
  bool is_vector = false;        ///< one dimension
  std::int64_t data_offset = 0;  ///< of the first element in the file
};

/// Reads the header of `file`. Throws DataError if it is not an .npy file, if its header is longer than 1 MiB, if the
/// elements are not little-endian numbers or booleans, if there are not one or two dimensions, or if the data that the
/// header announces does not fill the rest of the file exactly; and as RandomAccessFile::read.
[[nodiscard]] NpyHeader read_npy_header(const RandomAccessFile& file);

/// A version 1.0 header of kWrittenNpyHeaderBytes for a float64 array in C order; n_columns 0 writes one dimension.
inline constexpr std::int64_t kWrittenNpyHeaderBytes = 128;
[[nodiscard]] std::string make_npy_header(std::int64_t n_rows, std::int64_t n_columns);

}  // namespace slalom
