// SPDX-License-Identifier: Apache-2.0
// A table with every kind of column and of target, for models that are exported.
#include "export/mixed_table.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <random>
#include <sstream>

namespace slalom::testing {
namespace {

class Generator {
 public:
  explicit Generator(bool new_data) : new_data_(new_data), random_(new_data ? 2 : 1) {}

  std::string row() {
    const int size = below(3200), big = below(4000);
    const double y =
        3.0 * size / 64.0 - 0.25 * (big / 64) + (below(100) < 30 ? 16.0 : 0.0);  // NOLINT: steps on purpose
    const int third = std::clamp(static_cast<int>((y + 64.0) / 80.0), 0, 2);
    std::ostringstream out;
    if (!chance(8)) out << size / 64.0;
    out << ',' << 1e6 + big / 4.0 << ',' << colour() << ',' << flag() << ',' << zone();
    out << ',' << y << ',' << 1000.0 - 8.0 * y + size << ',' << kKinds[static_cast<std::size_t>(third)] << ','
        << third + 1 << ',' << kHalves[static_cast<std::size_t>(size % 3)] << ',' << (y > 40.0 ? "yes" : "no") << ','
        << (y > 10.0 ? "true" : "false") << ',' << (size > big ? 1 : 0) << '\n';
    return out.str();
  }

 private:
  static constexpr std::array<const char*, 3> kKinds{"a b", "ü", "\"c, d\""};
  static constexpr std::array<double, 3> kHalves{-2.0, 0.5, 1.5};

  int below(int bound) { return static_cast<int>(random_() % static_cast<std::uint32_t>(bound)); }
  bool chance(int one_in) { return below(one_in) == 0; }
  std::string colour() {
    static constexpr std::array<const char*, 8> kColours{"red", "red", "light blue", "grün", "grün", "NA", "", "null"};
    if (new_data_ && chance(8)) return "violet";
    return kColours[static_cast<std::size_t>(below(8))];
  }
  std::string flag() {
    static constexpr std::array<const char*, 6> kFlags{"True", "TRUE", "true", "False", "false", ""};
    return kFlags[static_cast<std::size_t>(below(6))];
  }
  std::string zone() {
    if (new_data_ && chance(8)) return "nowhere";
    return "z" + std::to_string(std::min(below(20), below(20)));
  }

  bool new_data_;
  std::mt19937 random_;
};

}  // namespace

std::string mixed_csv(int rows, bool new_data) {
  std::string csv = "size,big number,colour,flag,zone,y,y2,kind,level,half,yes,truth,digit\n";
  Generator generator(new_data);
  for (int i = 0; i < rows; ++i) csv += generator.row();
  return csv;
}

}  // namespace slalom::testing
