// SPDX-License-Identifier: Apache-2.0
// Prints progress lines.
#include "report/progress.hpp"

#include <string>
#include <utility>

#include <fmt/format.h>

#include "report/guard_text.hpp"

namespace slalom::report {
namespace {

/// The metric that says most: R2 or accuracy.
std::string main_metric(const Metrics& metrics) {
  if (metrics.r2) return fmt::format("  valid R2 {:.4f}", *metrics.r2);
  if (metrics.accuracy) return fmt::format("  valid accuracy {:.4f}", *metrics.accuracy);
  return "";
}

}  // namespace

ProgressPrinter::ProgressPrinter(std::FILE* stream, const text::Style& style, std::int64_t every, MemberNames names)
    : stream_(stream), style_(style), every_(every), names_(std::move(names)), live_(stream, style) {}

std::string ProgressPrinter::prefix(std::int64_t member) const {
  const std::string name = names_.of(member);
  return name.empty() ? "" : name + "  ";
}

void ProgressPrinter::print_line(const std::string& line) {
  live_.clear();
  fmt::print(stream_, "{}\n", line);
}

void ProgressPrinter::on_progress(const Progress& p) {
  const bool side_by_side = names_.first > 0;  // then the first member stands for all
  if (!live_.works() || (p.member > 0 && side_by_side)) return;
  const double done =
      static_cast<double>(p.step) / (static_cast<double>(p.steps_per_epoch) * static_cast<double>(p.epochs));
  const double left = done > 0.0 ? p.seconds * (1.0 - done) / done : 0.0;
  text::Sparkline& curve = curves_[p.member];
  curve.add(done, p.loss);
  live_.show({fmt::format("{}epoch {}/{}", prefix(p.member), p.epoch, p.epochs), fmt::format("loss {:.6g}", p.loss),
              fmt::format("{:.3g} samples/s", p.samples_per_second), fmt::format("{:.0f} s left", left)},
             &curve);
}

void ProgressPrinter::on_epoch(const EpochReport& r) {
  if (r.epoch % every_ != 0 && r.epoch != 1 && r.epoch != r.epochs) return;
  std::string valid;
  if (r.valid) valid = fmt::format("  valid loss {:.6g}{}", r.valid->loss, main_metric(*r.valid));
  print_line(fmt::format("{}epoch {}/{}  loss {:.6g}{}  lr {:.3g}  {:.3g} samples/s", prefix(r.member), r.epoch,
                         r.epochs, r.train_loss, valid, r.learning_rate, r.samples_per_second));
}

void ProgressPrinter::on_note(const std::string& note) {
  print_line(style_.paint(text::Tone::kNote, "note:") + " " + text::printable(note, style_.charset));
}

void ProgressPrinter::on_guard(const GuardEvent& event) {
  print_line(style_.paint(text::Tone::kCaution, prefix(event.member) + guard_line(event)));
}

}  // namespace slalom::report
