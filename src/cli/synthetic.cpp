// SPDX-License-Identifier: Apache-2.0
// Generates the demo's table from Philox random numbers.
#include "cli/synthetic.hpp"

#include <array>
#include <cmath>
#include <limits>
#include <numbers>

#include "core/philox.hpp"

namespace slalom::cli {
namespace {

constexpr std::uint64_t kSeed = 2026;
constexpr double kNoise = 15000.0;
constexpr double kMissingAges = 0.01;

struct District {
  const char* name;
  double premium;
};
constexpr std::array<District, 4> kDistricts{
    {{"centre", 90000.0}, {"harbour", 55000.0}, {"hills", 70000.0}, {"station", 0.0}}};

double normal(core::PhiloxStream& random) {
  const double radius = std::sqrt(-2.0 * std::log(random.uniform()));
  return radius * std::cos(2.0 * std::numbers::pi * random.uniform());
}

/// To a multiple of 1 / parts; a number of few digits stays one, which a multiple of 0.1 would not.
double rounded(double value, double parts) { return std::round(value * parts) / parts; }

}  // namespace

Table make_flats(std::int64_t n_rows) {
  NumericColumn area, rooms, age, distance, price;
  CategoricalColumn district;
  for (const District& d : kDistricts) district.categories.emplace_back(d.name);
  core::PhiloxStream random(kSeed, 0, core::RandomUse::kSynthetic, 0);
  for (std::int64_t i = 0; i < n_rows; ++i) {
    const double square_metres = rounded(25.0 + 125.0 * std::pow(random.uniform(), 1.5), 1.0);
    const double n_rooms = std::max(1.0, rounded(square_metres / 28.0 + 0.6 * normal(random), 1.0));
    const double years = rounded(110.0 * random.uniform(), 1.0);
    const double kilometres = rounded(12.0 * random.uniform(), 10.0);
    const auto where = random.below(static_cast<std::uint32_t>(kDistricts.size()));
    const double value = 40000.0 + 3100.0 * square_metres + 9000.0 * n_rooms + 60000.0 * std::exp(-kilometres / 3.0) +
                         25000.0 * std::cos(years / 18.0) + kDistricts[where].premium + kNoise * normal(random);
    area.values.push_back(square_metres);
    rooms.values.push_back(n_rooms);
    age.values.push_back(random.uniform() < kMissingAges ? std::numeric_limits<double>::quiet_NaN() : years);
    distance.values.push_back(kilometres);
    district.codes.push_back(static_cast<std::int32_t>(where));
    price.values.push_back(rounded(value, 1.0));
  }
  Table table;
  table.n_rows = n_rows;
  table.source = "built-in table of flats";
  table.columns.emplace_back("area", std::move(area));
  table.columns.emplace_back("rooms", std::move(rooms));
  table.columns.emplace_back("age", std::move(age));
  table.columns.emplace_back("distance", std::move(distance));
  table.columns.emplace_back("district", std::move(district));
  table.columns.emplace_back("price", std::move(price));
  return table;
}

}  // namespace slalom::cli
