// SPDX-License-Identifier: Apache-2.0
// Fuzzes CSV. The first byte picks the options: bits 0-2 the delimiter, bit 3 --no-header, bit 4 first column text.
#include <array>

#include "fuzz/read_both_ways.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  constexpr std::array<char, 8> kDelimiters = {'\0', ',', ';', '\t', '|', ' ', '"', 'x'};
  slalom::ReadOptions options;
  options.format = "csv";
  options.delimiter = kDelimiters[data[0] & 7U];
  options.has_header = (data[0] & 8U) == 0;
  if ((data[0] & 16U) != 0) options.kinds = {{"a", true}, {"c0", true}};
  const slalom::fuzz::MemoryFile file(slalom::fuzz::as_text(data + 1, size - 1));
  slalom::fuzz::read_both_ways(file.path(), options);
  return 0;
}
