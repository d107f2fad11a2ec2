// SPDX-License-Identifier: Apache-2.0
// What every command offers to main, and helpers that the commands share.
#pragma once

#include <atomic>
#include <cstdio>
#include <string>

#include <slalom/preprocess.hpp>

#include "text/style.hpp"

namespace CLI {
class App;
}

namespace slalom::cli {

/// Set by Ctrl-C and SIGTERM; a training run ends after its current block.
extern std::atomic<bool> stop_requested;

/// Each adds its subcommand to the application; the subcommand's callback runs it and throws slalom::Error on failure.
/// `command_line`: the whole of it, for logs.
void add_train(CLI::App& app, const std::string& command_line);
void add_tune(CLI::App& app, const std::string& command_line);
void add_report(CLI::App& app);
void add_lr_find(CLI::App& app);
void add_predict(CLI::App& app);
void add_evaluate(CLI::App& app);
void add_inspect(CLI::App& app);
void add_export(CLI::App& app);
/// `command_line`: the whole of it, for the page.
void add_landscape(CLI::App& app, const std::string& command_line);
void add_devices(CLI::App& app);
/// `program`: how slalom was called, for the commands that the demo suggests.
void add_demo(CLI::App& app, const std::string& program);
/// These two print what is made from all commands of `app`, which must outlive their callbacks.
void add_completion(CLI::App& app);
void add_man(CLI::App& app);

/// What the reader's end of a stream can show, by --color and the environment.
[[nodiscard]] text::Style style_of(std::FILE* stream);

/// Prints one line of JSON to stdout.
void print_json(const std::string& json);
/// Prints a line of text to a stream.
void print_line(std::FILE* stream, const std::string& line);

/// Prints "note: ..." lines to stderr.
void print_note(const std::string& note);
void print_notes(const Notes& notes);

/// Tells main which exit status a command that did not fail ends with (130 after Ctrl-C).
void set_exit_status(int status);

}  // namespace slalom::cli
