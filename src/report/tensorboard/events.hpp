// SPDX-License-Identifier: Apache-2.0
// The events that event files are made of.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <event.pb.h>

#include "report/tensorboard/event_file.hpp"
#include "report/tensorboard/hyper_parameters.hpp"

namespace slalom::report {

/// Seconds since 1970.
[[nodiscard]] double seconds_now();

/// An event of now, without content.
[[nodiscard]] tensorboard::Event event_at(std::int64_t step);

void add_scalar(tensorboard::Event& event, const std::string& tag, double number);

/// Text is shown as it is, in lines.
void add_text(tensorboard::Event& event, const std::string& tag, const std::string& text);

/// The record that every file begins with.
[[nodiscard]] tensorboard::Event file_version();

/// What this folder says of `step` and later steps before this event is void; readers heed the second one and later ones.
[[nodiscard]] tensorboard::Event run_begins_at(std::int64_t step);

/// The run's hyperparameters. Sessions with the same group, if it is not empty, are repeats of one.
[[nodiscard]] tensorboard::Event session_start(const HyperParameters& values, const std::string& group = "");

[[nodiscard]] tensorboard::Event session_end(bool success);

/// Hands the events to the operating system at once. Throws OutputError (kIo).
void append(EventFile& file, const std::vector<tensorboard::Event>& events);

}  // namespace slalom::report
