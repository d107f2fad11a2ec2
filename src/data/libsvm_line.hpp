// SPDX-License-Identifier: Apache-2.0
// One line of LIBSVM text: `label index:value ... # comment`.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace slalom {

struct LibsvmFeature {
  std::int64_t index = 0;
  double value = 0;
};

/// A parsed line; reused from line to line.
struct LibsvmLine {
  double label = 0;
  std::vector<LibsvmFeature> features;  ///< indices strictly ascending, >= 0
};

/// Parses `text` (without line end) into `line`; false if it holds nothing but blanks and a comment. `qid:N` is
/// ignored. Throws DataError that starts with "path, line number" if the label or a value is not a number or infinite,
/// if an index is not a whole number below 2^31, or if indices do not ascend. A missing label or value ("nan", "?") is
/// NaN.
bool parse_libsvm_line(std::string_view text, const std::string& path, std::int64_t number, LibsvmLine& line);

}  // namespace slalom
