// SPDX-License-Identifier: Apache-2.0
// How the program ends where memory runs out in places that no exception can leave.
#pragma once

#include <string_view>

namespace slalom::cli {

/// From now on, memory that runs out where a library allows no exception (a destructor, a function that is noexcept, a
/// thread of its own) ends the program as it does elsewhere: one line and exit status 71. So does a library that ends
/// the program itself, as the OpenMP runtime does when it cannot have memory or threads.
void install_last_resort() noexcept;

/// To be called before main() returns: from now on exit() is not a library's.
void remove_last_resort() noexcept;

/// To be called last in main(): where `ulimit -v` limits the process, ends it without the exit handlers of libraries. The
/// allocator in Arrow crashes in its own if it could not have all the memory it wanted when it was loaded.
void end_within_limit(int status) noexcept;

/// Prints "slalom: out of memory (...)" with what the process took; allocates nothing.
void print_out_of_memory() noexcept;

}  // namespace slalom::cli
