// SPDX-License-Identifier: Apache-2.0
// How a CSV file is written: its delimiter, and the names in its header.
#include "data/csv_dialect.hpp"
#include "data/arrow_pool.hpp"

#include <arrow/csv/options.h>
#include <arrow/csv/parser.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>

#include "data/arrow_error.hpp"
#include "data/cell_text.hpp"
#include "data/column_names.hpp"
#include "data/record_scanner.hpp"
#include "slalom/error.hpp"

namespace slalom {
namespace {

constexpr int kSampleRecords = 100;
constexpr std::array kDelimiters = {',', ';', '\t', '|'};
constexpr std::string_view kLineEnds = "\r\n";

struct Candidate {
  char delimiter = ',';
  std::int64_t n_fields = 1;  ///< in the first record
  int n_agreeing = 0;         ///< records with that many
  int n_records = 0;

  [[nodiscard]] bool separates() const { return n_fields > 1 && 2 * n_agreeing >= n_records; }
  [[nodiscard]] bool better_than(const Candidate& other) const {
    return n_agreeing != other.n_agreeing ? n_agreeing > other.n_agreeing : n_fields > other.n_fields;
  }
};

Candidate examine(std::string_view text, bool is_whole, char delimiter) {
  Candidate candidate{.delimiter = delimiter};
  std::size_t offset = 0;
  while (candidate.n_records < kSampleRecords) {
    const auto record = scan_record(text, offset, delimiter);
    if (!record) break;
    if (!record->is_terminated && !is_whole && candidate.n_records > 0) break;
    offset = record->next;
    if (trim_blanks(record->text).empty()) continue;
    if (candidate.n_records == 0) candidate.n_fields = record->n_fields;
    ++candidate.n_records;
    if (record->n_fields == candidate.n_fields) ++candidate.n_agreeing;
  }
  return candidate;
}

/// True if the names are numbers, and not such as a data frame without names gets (0,1,2 or years).
bool looks_like_data(const std::vector<std::string>& names) {
  double previous = -std::numeric_limits<double>::infinity();
  bool rising = true;
  for (const std::string& name : names) {
    double value = 0;
    if (parse_cell(name, value) != CellKind::kNumber) return false;
    rising = rising && value > previous && value == std::floor(value) && name.find('.') == std::string::npos;
    previous = value;
  }
  return !rising;
}

}  // namespace

char find_delimiter(std::string_view text, bool is_whole) {
  Candidate best;
  for (const char delimiter : kDelimiters) {
    const Candidate candidate = examine(text, is_whole, delimiter);
    if (candidate.separates() && candidate.better_than(best)) best = candidate;
  }
  if (best.n_agreeing > 0) return best.delimiter;
  const Candidate blanks = examine(collapse_blanks(text), is_whole, ' ');
  return blanks.separates() ? ' ' : ',';
}

std::string collapse_blanks(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  bool line_start = true;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t field = std::min(text.find_first_not_of(" \t", at), text.size());
    if (field == text.size()) break;
    if (kLineEnds.find(text[field]) != std::string_view::npos) {
      out += text[field];
      line_start = true;
      at = field + 1;
      continue;
    }
    if (!line_start) out += ' ';
    line_start = false;
    std::size_t end = field;
    if (text[field] == '"') {
      do {  // a doubled quote closes and opens again
        end = std::min(text.find('"', end + 1), text.size() - 1) + 1;
      } while (end < text.size() && text[end] == '"');
    }
    end = std::min(text.find_first_of(" \t\r\n", end), text.size());
    out += text.substr(field, end - field);
    at = end;
  }
  return out;
}

std::string_view field_content(std::string_view field, bool quoted, std::string& scratch) {
  if (quoted) return field;
  field = trim_blanks(field);
  if (field.size() < 2 || field.front() != '"' || field.back() != '"') return field;
  scratch.clear();
  for (std::size_t i = 1; i + 1 < field.size(); ++i) {
    scratch += field[i];
    if (field[i] == '"' && field[i + 1] == '"' && i + 2 < field.size()) ++i;
  }
  return scratch;
}

std::vector<std::string> split_record(std::string_view record, char delimiter) {
  std::string collapsed;
  if (delimiter == ' ') record = collapsed = collapse_blanks(record);
  auto options = arrow::csv::ParseOptions::Defaults();
  options.delimiter = delimiter;
  arrow::csv::BlockParser parser(throwing_pool(), options, -1, -1, 1);
  std::uint32_t n_parsed = 0;
  check_arrow(parser.ParseFinal(record, &n_parsed), "header");
  std::vector<std::string> fields;
  std::string scratch;
  check_arrow(parser.VisitLastRow([&](const std::uint8_t* data, std::uint32_t size, bool quoted, auto...) {
    fields.emplace_back(field_content({reinterpret_cast<const char*>(data), size}, quoted, scratch));
    return arrow::Status::OK();
  }),
              "header");
  return fields;
}

std::vector<std::string> header_names(const std::string& source, std::int64_t line, std::vector<std::string> fields) {
  const std::string place = fmt::format("{}, line {}", source, line);
  if (looks_like_data(fields)) {
    throw DataError(
        fmt::format("{}: the header holds only numbers ({}, ...), expected names; say --no-header if the first "
                    "row is data",
                    place, fields.front()));
  }
  for (std::size_t i = 0; i < fields.size(); ++i) {
    fields[i] = std::string(trim_blanks(fields[i]));
    if (fields[i].empty()) fields[i] = fmt::format("c{}", i);
  }
  check_column_names(place, fields);
  return fields;
}

}  // namespace slalom
