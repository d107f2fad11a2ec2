// SPDX-License-Identifier: Apache-2.0
// Maps category names to levels and classes to labels.
#include "data/class_names.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <unordered_map>

#include <slalom/error.hpp>

namespace slalom::data {
namespace {

constexpr std::size_t kMostClasses = 1000;

[[noreturn]] void refuse_too_many(const Table& table, const Column& column) {
  throw DataError("--target: column '" + column.name() + "' of " + table.source + " has more than " +
                  std::to_string(kMostClasses) +
                  " distinct values, too many for classes (use --model linear for a number)");
}

}  // namespace

std::string number_text(double value) {
  std::array<char, 32> buffer{};
  const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value + 0.0);  // -0 is 0
  return {buffer.data(), end};
}

CategoricalColumn as_categories(const NumericColumn& numbers) {
  CategoricalColumn result;
  std::vector<std::string> texts;
  for (const double value : numbers.values) texts.push_back(std::isnan(value) ? "" : number_text(value));
  result.categories = texts;
  std::sort(result.categories.begin(), result.categories.end());
  result.categories.erase(std::unique(result.categories.begin(), result.categories.end()), result.categories.end());
  for (const std::string& text : texts) {
    const auto at = std::lower_bound(result.categories.begin(), result.categories.end(), text);
    result.codes.push_back(text.empty() ? CategoricalColumn::kMissing
                                        : static_cast<std::int32_t>(at - result.categories.begin()));
  }
  return result;
}

std::vector<double> class_numbers(const std::vector<std::string>& classes) {
  std::vector<double> numbers;
  for (const std::string& name : classes) {
    double number = 0.0;
    std::from_chars(name.data(), name.data() + name.size(), number);
    numbers.push_back(number);
  }
  return numbers;
}

std::vector<std::int32_t> level_codes(const InputColumn& input, const std::vector<std::string>& categories) {
  std::vector<std::int32_t> codes;
  codes.reserve(categories.size());
  for (const std::string& name : categories) {
    const auto found = std::lower_bound(input.categories.begin(), input.categories.end(), name);
    if (found != input.categories.end() && *found == name) {
      codes.push_back(static_cast<std::int32_t>(found - input.categories.begin()));
    } else {
      codes.push_back(input.has_other ? static_cast<std::int32_t>(input.categories.size()) : -1);
    }
  }
  return codes;
}

ClassCounts count_classes(const Table& table, const Column& column, const RowList& rows) {
  ClassCounts result;
  if (column.is_numeric()) {
    std::map<double, std::int64_t> counts;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const double value = column.numeric().values[rows[i]];
      if (!std::isnan(value)) ++counts[value];
      if (counts.size() > kMostClasses) refuse_too_many(table, column);
    }
    for (const auto& [value, count] : counts) result.emplace_back(number_text(value), count);
    return result;
  }
  const CategoricalColumn& cells = column.categorical();
  std::map<std::string, std::int64_t> counts;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::int32_t code = cells.codes[rows[i]];
    if (code != CategoricalColumn::kMissing) ++counts[cells.categories[static_cast<std::size_t>(code)]];
    if (counts.size() > kMostClasses) refuse_too_many(table, column);
  }
  result.assign(counts.begin(), counts.end());
  return result;
}

}  // namespace slalom::data
