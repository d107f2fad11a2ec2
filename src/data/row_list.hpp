// SPDX-License-Identifier: Apache-2.0
// Rows to work on: a given list, or all of a table.
#pragma once

#include <cstdint>
#include <span>

namespace slalom::data {

class RowList {
 public:
  RowList(std::span<const std::uint32_t> rows, std::int64_t n_rows)
      : rows_(rows), n_(rows.empty() ? static_cast<std::size_t>(n_rows) : rows.size()) {}
  [[nodiscard]] std::size_t size() const noexcept { return n_; }
  [[nodiscard]] std::size_t operator[](std::size_t i) const noexcept { return rows_.empty() ? i : rows_[i]; }

 private:
  std::span<const std::uint32_t> rows_;
  std::size_t n_;
};

}  // namespace slalom::data
