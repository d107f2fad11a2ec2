// SPDX-License-Identifier: Apache-2.0
// Formats guard events.
#include "report/guard_text.hpp"

#include <cmath>

#include <fmt/format.h>

#include "report/json_number.hpp"
#include "train/divergence.hpp"

namespace slalom::report {

std::string guard_line(const GuardEvent& event) {
  const std::string loss = event.trouble == Trouble::kExploded ? fmt::format(" to {:.3g}", event.loss) : "";
  return fmt::format(
      "guard: {}{} at step {} (epoch {}), best {:.6g}; back to step {} (epoch {}), learning rate {:.6g} -> {:.6g} ({} "
      "of {})",
      training::words_of(event.trouble), loss, event.step, event.epoch, event.best, event.good_step, event.good_epoch,
      event.old_rate, event.new_rate, event.retry, event.retries);
}

std::string guard_summary(const std::vector<GuardEvent>& events) {
  if (events.empty()) return "";
  const std::string times = events.size() == 1 ? "once" : fmt::format("{} times", events.size());
  return fmt::format("the guard lowered the learning rate {}, last at epoch {} from {:.6g} to {:.6g}", times,
                     events.back().epoch, events.back().old_rate, events.back().new_rate);
}

nlohmann::ordered_json guard_json(const GuardEvent& event) {
  return {{"what", training::words_of(event.trouble)},
          {"epoch", event.epoch},
          {"step", event.step},
          {"loss", json_number(event.loss)},
          {"best_loss", json_number(event.best)},
          {"good_epoch", event.good_epoch},
          {"good_step", event.good_step},
          {"old_lr", event.old_rate},
          {"new_lr", event.new_rate},
          {"retry", event.retry},
          {"retries", event.retries}};
}

}  // namespace slalom::report
