// SPDX-License-Identifier: Apache-2.0
// Tables from a counter-based generator, and the folder's life.
#include "tables.hpp"

#include <unistd.h>

#include <array>
#include <cmath>
#include <utility>

#include "core/philox.hpp"

namespace slalom::bench {
namespace {

constexpr std::array kCities = {"Oslo", "Lima", "Cairo", "Quito", "Hanoi", "Accra", "Turin", "Perth"};

Column numbers(const std::string& name, std::int64_t n, std::uint32_t stream) {
  core::PhiloxStream random(1, stream, core::RandomUse::kSynthetic, 0);
  NumericColumn column;
  column.values.reserve(static_cast<std::size_t>(n));
  for (std::int64_t i = 0; i < n; ++i) {
    column.values.push_back((static_cast<double>(random.below(200000)) - 100000.0) / 1000.0);
  }
  return {name, std::move(column)};
}

/// Every city once first, so that codes are in order of appearance.
Column cities(const std::string& name, std::int64_t n, std::uint32_t stream) {
  core::PhiloxStream random(1, stream, core::RandomUse::kSynthetic, 1);
  CategoricalColumn column;
  column.categories.assign(kCities.begin(), kCities.end());
  for (std::int64_t i = 0; i < n; ++i) {
    const bool first = i < static_cast<std::int64_t>(kCities.size());
    column.codes.push_back(first ? static_cast<std::int32_t>(i)
                                 : static_cast<std::int32_t>(random.below(kCities.size())));
  }
  return {name, std::move(column)};
}

}  // namespace

Table make_table(std::int64_t n_rows, int n_numeric, int n_categorical) {
  Table table;
  table.n_rows = n_rows;
  std::uint32_t stream = 0;
  for (int i = 0; i < n_numeric; ++i) table.columns.push_back(numbers("x" + std::to_string(i), n_rows, stream++));
  for (int i = 0; i < n_categorical; ++i) table.columns.push_back(cities("c" + std::to_string(i), n_rows, stream++));
  table.columns.push_back(numbers("y", n_rows, stream));
  return table;
}

bool equal(const Table& a, const Table& b) {
  if (a.n_rows != b.n_rows || a.columns.size() != b.columns.size()) return false;
  for (std::size_t i = 0; i < a.columns.size(); ++i) {
    const Column& left = a.columns[i];
    const Column& right = b.columns[i];
    if (left.name() != right.name() || left.is_numeric() != right.is_numeric()) return false;
    if (left.is_numeric()) {
      if (left.numeric().values != right.numeric().values) return false;
    } else if (left.categorical().codes != right.categorical().codes ||
               left.categorical().categories != right.categorical().categories) {
      return false;
    }
  }
  return true;
}

ScratchFolder::ScratchFolder()
    : path_(std::filesystem::temp_directory_path() / ("slalom-bench-" + std::to_string(::getpid()))) {
  std::filesystem::create_directories(path_);
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace slalom::bench
