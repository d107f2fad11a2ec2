// SPDX-License-Identifier: Apache-2.0
// Finds columns with two values, and packs them.
#include "cpu/compact_rows.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "core/huge_pages.hpp"
#include "core/rounding.hpp"

namespace slalom::cpu {
namespace {

constexpr std::int64_t kGroup = CompactRows::kGroup;
constexpr std::int64_t kWordsInFloat = 2;

std::uint32_t bits_of(float value) { return std::bit_cast<std::uint32_t>(value); }

/// The two values of every column of some groups.
class Values {
 public:
  /// Columns have the values of `row` so far.
  Values(const float* row, std::int64_t width) : low_(row, row + width), high_(low_) {}

  /// False if a column of [begin, end) has a third value in `row`.
  bool take(const float* row, std::int64_t begin, std::int64_t end) {
    for (std::int64_t j = begin; j < end; ++j) {
      const auto at = static_cast<std::size_t>(j);
      const std::uint32_t bits = bits_of(row[j]);
      if (bits == bits_of(low_[at]) || bits == bits_of(high_[at])) continue;
      if (bits_of(low_[at]) != bits_of(high_[at])) return false;
      high_[at] = row[j];
    }
    return true;
  }
  [[nodiscard]] float low(std::int64_t j) const { return low_[static_cast<std::size_t>(j)]; }
  [[nodiscard]] float high(std::int64_t j) const { return high_[static_cast<std::size_t>(j)]; }

 private:
  std::vector<float> low_;
  std::vector<float> high_;
};

/// Floats of a record of `floats` floats and `words` 16-bit words. Records neither straddle cache lines nor, if they
/// are longer, begin within one.
std::int64_t record_floats(std::int64_t floats, std::int64_t words) {
  const std::int64_t n = floats + core::ceil_div(words, kWordsInFloat);
  if (n <= 4) return 4;
  if (n <= 8) return 8;
  return core::round_up(n, 16);
}

/// Which columns are packed.
struct Plan {
  std::int64_t width;                    ///< columns, padding included: a multiple of 8
  std::vector<std::int64_t> two_valued;  ///< groups, ascending

  [[nodiscard]] std::int64_t end(std::int64_t group) const { return std::min((group + 1) * kGroup, width); }
  [[nodiscard]] std::int64_t record() const {
    std::int64_t floats = width;
    for (const std::int64_t g : two_valued) floats -= end(g) - g * kGroup;
    return record_floats(floats, static_cast<std::int64_t>(two_valued.size()));
  }
};

void set_places(const Plan& plan, const Values& values, CompactRows& rows) {
  const std::int64_t groups = core::ceil_div(plan.width, kGroup);
  rows.record = plan.record();
  rows.low.assign(static_cast<std::size_t>(groups * kGroup), 0.0F);
  rows.high = rows.low;
  rows.place.assign(static_cast<std::size_t>(groups), 0);
  for (const std::int64_t g : plan.two_valued) {
    rows.place[static_cast<std::size_t>(g)] = -1;
    for (std::int64_t j = g * kGroup; j < plan.end(g); ++j) {
      rows.low[static_cast<std::size_t>(j)] = values.low(j);
      rows.high[static_cast<std::size_t>(j)] = values.high(j);
    }
  }
  std::int64_t floats = 0;
  for (std::int64_t g = 0; g < groups; ++g) {
    std::int64_t& place = rows.place[static_cast<std::size_t>(g)];
    if (place < 0) continue;
    place = floats;
    floats += plan.end(g) - g * kGroup;
  }
  std::int64_t word = floats * kWordsInFloat;
  for (std::int64_t& place : rows.place) {
    if (place < 0) place = ~word++;
  }
}

void pack(const FeatureView& x, const Plan& plan, CompactRows& rows) {
  core::assign_zeros(rows.records, static_cast<std::size_t>(x.n_rows * rows.record));
  for (std::int64_t i = 0; i < x.n_rows; ++i) {
    const float* row = x.row(i);
    float* record = rows.records.data() + i * rows.record;
    for (std::size_t g = 0; g < rows.place.size(); ++g) {
      const std::int64_t begin = static_cast<std::int64_t>(g) * kGroup;
      const std::int64_t end = plan.end(static_cast<std::int64_t>(g));
      if (rows.place[g] >= 0) {
        std::copy(row + begin, row + end, record + rows.place[g]);
        continue;
      }
      unsigned word = 0;
      for (std::int64_t j = begin; j < end; ++j) {
        const bool high = bits_of(row[j]) != bits_of(rows.low[static_cast<std::size_t>(j)]);
        word |= static_cast<unsigned>(high) << static_cast<unsigned>(j - begin);
      }
      const auto stored = static_cast<std::uint16_t>(word);
      std::memcpy(reinterpret_cast<std::byte*>(record) + ~rows.place[g] * 2, &stored, sizeof stored);
    }
  }
}

}  // namespace

std::optional<CompactRows> compact_rows(const FeatureView& x) {
  if (x.n_features <= 8 || x.n_rows == 0) return std::nullopt;
  Plan plan{.width = core::round_up(x.n_features, 8), .two_valued = {}};
  for (std::int64_t g = 0; g * kGroup < plan.width; ++g) plan.two_valued.push_back(g);
  Values values(x.row(0), plan.width);
  for (std::int64_t i = 1; i < x.n_rows; ++i) {
    const float* row = x.row(i);
    const auto lost =
        std::erase_if(plan.two_valued, [&](std::int64_t g) { return !values.take(row, g * kGroup, plan.end(g)); });
    if (lost > 0 && 2 * plan.record() > x.stride) return std::nullopt;
  }
  if (2 * plan.record() > x.stride) return std::nullopt;
  CompactRows rows;
  set_places(plan, values, rows);
  pack(x, plan, rows);
  return rows;
}

}  // namespace slalom::cpu
