// SPDX-License-Identifier: Apache-2.0
// JSON from strangers: parsed within limits, and numbers that are checked before they are converted.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <nlohmann/json.hpp>

#include <slalom/error.hpp>

namespace slalom::model_io {

/// JSON that is not what it should be; the message does not name the file yet.
class MalformedJson : public DataError {
 public:
  using DataError::DataError;
};

inline constexpr std::size_t kDeepestJson = 32;
/// Of an object that keeps its order: every insertion searches all of it, so a long one would take quadratic time.
inline constexpr std::size_t kMostOrderedEntries = 1000;

/// Walks through JSON text without keeping any of it and throws MalformedJson at a limit.
class JsonLimits : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit JsonLimits(std::size_t most_entries) : most_entries_(most_entries) {}

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_object(std::size_t) override { return open(); }
  bool start_array(std::size_t) override { return open(); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(string_t&) override {
    if (++entries_.back() > most_entries_) {
      throw MalformedJson("a JSON object has more than " + std::to_string(most_entries_) + " entries");
    }
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception&) override { return false; }

 private:
  bool open() {
    if (entries_.size() >= kDeepestJson) {
      throw MalformedJson("JSON is nested more than " + std::to_string(kDeepestJson) + " deep");
    }
    entries_.push_back(0);
    return true;
  }
  bool close() {
    entries_.pop_back();
    return true;
  }

  std::size_t most_entries_;
  std::vector<std::size_t> entries_;  ///< of the objects that are open; arrays have none
};

/// Parses `text`; a discarded value if it is not JSON. Throws MalformedJson if it is nested more than kDeepestJson deep
/// (what is written out again is written recursively) or an ordered object has more than kMostOrderedEntries entries.
template <class Json>
[[nodiscard]] Json parse_untrusted(std::string_view text) {
  // Not by the parser's callback, with which it searches an object anew for every object that ends in it.
  constexpr bool kIsOrdered = std::is_same_v<Json, nlohmann::ordered_json>;
  JsonLimits limits(kIsOrdered ? kMostOrderedEntries : std::numeric_limits<std::size_t>::max());
  if (!nlohmann::json::sax_parse(text, &limits)) return Json(Json::value_t::discarded);
  return Json::parse(text, nullptr, false);
}

/// A number of `Integer`'s range, >= 0. Throws MalformedJson.
template <class Integer = std::int64_t, class Json>
[[nodiscard]] Integer whole_number(const Json& json) {
  constexpr auto kLargest = static_cast<std::uint64_t>(std::numeric_limits<Integer>::max());
  // The parser keeps numbers without sign, point and exponent as unsigned if they fit.
  if (!json.is_number_integer() || json.template get<std::int64_t>() < 0 ||
      json.template get<std::uint64_t>() > kLargest) {
    throw MalformedJson("found " + (json.is_primitive() ? json.dump() : std::string(json.type_name())) +
                        ", expected a whole number from 0 to " + std::to_string(kLargest));
  }
  return json.template get<Integer>();
}

}  // namespace slalom::model_io
