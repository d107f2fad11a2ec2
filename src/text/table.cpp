// SPDX-License-Identifier: Apache-2.0
// Lays tables out.
#include "text/table.hpp"

#include <algorithm>
#include <numeric>

#include "text/width.hpp"

namespace slalom::text {
namespace {

constexpr std::size_t kRoomyName = 24, kLeastName = 8, kLeastNote = 24, kLeastHeading = 8;

using Widths = std::vector<std::size_t>;
using Cells = std::vector<Cell>;

std::vector<Cells> printable_cells(const std::vector<Cells>& rows, const Style& style) {
  std::vector<Cells> shown = rows;
  for (Cells& cells : shown) {
    for (Cell& cell : cells) cell.text = printable(cell.text, style.charset);
  }
  return shown;
}

Widths widths_of(const std::vector<Cells>& rows, std::size_t n_columns) {
  Widths widths(n_columns, 0);
  for (const Cells& cells : rows) {
    for (std::size_t i = 0; i < cells.size(); ++i) widths[i] = std::max(widths[i], display_width(cells[i].text));
  }
  return widths;
}

std::size_t longest_word(const std::string& text) {
  std::size_t longest = 0;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    longest = std::max(longest, display_width(std::string_view(text).substr(begin, end - begin)));
    begin = end + 1;
  }
  return longest;
}

/// Takes up to `excess` columns from those wider than their limit, always from the widest, and returns what is left.
std::size_t shrink(Widths& widths, const Widths& limits, std::size_t excess) {
  while (excess > 0) {
    std::size_t widest = widths.size(), next = 0;
    for (std::size_t i = 0; i < widths.size(); ++i) {
      if (widths[i] <= limits[i]) continue;
      if (widest == widths.size() || widths[i] > widths[widest]) {
        if (widest != widths.size()) next = std::max(next, widths[widest]);
        widest = i;
      } else {
        next = std::max(next, widths[i]);
      }
    }
    if (widest == widths.size()) break;
    const std::size_t down_to = std::max(limits[widest], std::min(next, widths[widest] - 1));
    const std::size_t taken = std::min(excess, widths[widest] - down_to);
    widths[widest] -= taken;
    excess -= taken;
  }
  return excess;
}

/// One cell of a row that may take several lines.
struct Block {
  std::vector<std::string> lines;
  Tone tone = Tone::kPlain;
};

/// Blocks side by side. Those of a heading stand on its last line.
std::string laid_out(const std::vector<Block>& blocks, const std::vector<ColumnKind>& kinds, const Widths& widths,
                     bool at_bottom, const Style& style) {
  std::size_t height = 0;
  for (const Block& block : blocks) height = std::max(height, block.lines.size());
  std::string text;
  for (std::size_t at = 0; at < height; ++at) {
    std::string line;
    std::size_t owed = 0;  // blanks, written only when something follows
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      const std::vector<std::string>& lines = blocks[i].lines;
      const std::size_t skipped = at_bottom ? height - lines.size() : 0;
      const std::string cell = at >= skipped && at - skipped < lines.size() ? lines[at - skipped] : "";
      const std::size_t pad = widths[i] - std::min(widths[i], display_width(cell));
      const bool at_right = kinds[i] == ColumnKind::kNumber;
      if (at_right) owed += pad;
      if (!cell.empty()) {
        line += std::string(owed, ' ') + style.paint(blocks[i].tone, cell);
        owed = 0;
      }
      owed += (at_right ? 0 : pad) + kGap;
    }
    text += line + "\n";
  }
  return text;
}

}  // namespace

std::string TextTable::text(const Style& style) const {
  const std::vector<Cells> rows = printable_cells(rows_, style);
  const Cells heading = printable_cells({heading_}, style).front();
  const std::size_t n = kinds_.size();
  const Widths body = widths_of(rows, n);
  Widths widths = widths_of({heading}, n);
  for (std::size_t i = 0; i < n; ++i) widths[i] = std::max(widths[i], body[i]);

  const std::size_t total = std::accumulate(widths.begin(), widths.end(), kGap * (n > 0 ? n - 1 : 0));
  if (style.columns > 0 && total > style.columns) {
    const auto limits = [&](auto limit_of) {
      Widths all(n);
      for (std::size_t i = 0; i < n; ++i) all[i] = limit_of(i);
      return all;
    };
    const auto keep_all_but = [&](ColumnKind kind, std::size_t least) {
      return limits([&, kind, least](std::size_t i) { return kinds_[i] == kind ? least : widths[i]; });
    };
    std::size_t excess = total - style.columns;
    excess = shrink(widths, limits([&](std::size_t i) {
                      if (kinds_[i] != ColumnKind::kNumber || i >= heading.size()) return widths[i];
                      return std::max(body[i], std::min(longest_word(heading[i].text), kLeastHeading));
                    }),
                    excess);
    excess = shrink(widths, keep_all_but(ColumnKind::kName, kRoomyName), excess);
    excess = shrink(widths, keep_all_but(ColumnKind::kNote, kLeastNote), excess);
    shrink(widths, keep_all_but(ColumnKind::kName, kLeastName), excess);
  }

  std::string text;
  if (!heading.empty()) {
    std::vector<Block> blocks;
    for (std::size_t i = 0; i < heading.size(); ++i) {
      const Tone tone = heading[i].tone == Tone::kPlain ? Tone::kHeading : heading[i].tone;
      blocks.push_back({wrap(heading[i].text, std::max<std::size_t>(widths[i], 1), style.ellipsis()), tone});
    }
    text += laid_out(blocks, kinds_, widths, true, style);
  }
  for (const Cells& cells : rows) {
    std::vector<Block> blocks;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      Block block{.tone = cells[i].tone};
      if (kinds_[i] == ColumnKind::kNote && display_width(cells[i].text) > widths[i]) {
        block.lines = wrap(cells[i].text, widths[i], style.ellipsis());
      } else {
        block.lines = {fit(cells[i].text, widths[i], style.ellipsis())};
      }
      blocks.push_back(std::move(block));
    }
    text += laid_out(blocks, kinds_, widths, false, style);
  }
  return text;
}

}  // namespace slalom::text
