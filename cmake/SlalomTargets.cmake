# SPDX-License-Identifier: Apache-2.0
# The functions with which folders add their code and their tests.

# slalom_add_objects(<folder> SOURCES a.cpp ... [LIBS lib ...])
#
# An OBJECT library slalom_<folder> with the project's include paths (<slalom/table.hpp>, "core/rules.hpp") and warnings, which
# becomes part of the library slalom. LIBS are private to it; the global property SLALOM_OBJECT_LIBS_<folder> remembers them,
# because whatever links the objects has to link LIBS too and CMake does not pass them on through $<TARGET_OBJECTS>.
function(slalom_add_objects folder)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "" "SOURCES;LIBS")
  if(ARG_UNPARSED_ARGUMENTS OR NOT ARG_SOURCES)
    message(FATAL_ERROR "slalom_add_objects(${folder}): expected SOURCES ... [LIBS ...], got '${ARGN}'")
  endif()
  add_library(slalom_${folder} OBJECT ${ARG_SOURCES})
  target_include_directories(slalom_${folder} PUBLIC "${PROJECT_SOURCE_DIR}/include" "${PROJECT_SOURCE_DIR}/src"
                                                     "${PROJECT_BINARY_DIR}/include")
  target_link_libraries(slalom_${folder} PRIVATE slalom_options slalom::random123 ${ARG_LIBS})
  set_property(GLOBAL APPEND PROPERTY SLALOM_OBJECT_FOLDERS ${folder})
  set_property(GLOBAL PROPERTY SLALOM_OBJECT_LIBS_${folder} ${ARG_LIBS})
endfunction()

# slalom_link(<target> <lib> ...)
#
# Links libraries privately; with an OBJECT library of this project also what its objects need.
function(slalom_link target)
  target_link_libraries(${target} PRIVATE ${ARGN})
  foreach(library IN LISTS ARGN)
    if(library MATCHES "^slalom_([a-z]+)$")
      get_property(needed GLOBAL PROPERTY SLALOM_OBJECT_LIBS_${CMAKE_MATCH_1})
      target_link_libraries(${target} PRIVATE ${needed})
    endif()
  endforeach()
endfunction()

# slalom_add_test(<name> SOURCES a_test.cpp ... LIBS slalom_data ... [LABELS label ...] [DEVICE] [THREADS])
#
# A GoogleTest binary, registered with CTest test by test. LIBS may name OBJECT libraries of this project (every one that is
# needed, since objects do not bring others along) and any other library. LABELS default to unit. DEVICE: the test needs a GPU;
# it gets the label cuda and runs under SLALOM_TEST_LAUNCHER. THREADS: it is about code that runs in several threads; it gets the
# label threads and belongs to the target threads_tests, which the preset tsan builds.
function(slalom_add_test name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "DEVICE;THREADS" "" "SOURCES;LIBS;LABELS")
  if(ARG_UNPARSED_ARGUMENTS OR NOT ARG_SOURCES)
    message(FATAL_ERROR "slalom_add_test(${name}): expected SOURCES ... LIBS ... [LABELS ...] [DEVICE], got '${ARGN}'")
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE slalom_options slalom_test_support slalom::random123 GTest::gtest_main GTest::gmock)
  slalom_link(${name} ${ARG_LIBS})
  if(NOT ARG_LABELS)
    set(ARG_LABELS unit)
  endif()
  if(ARG_DEVICE)
    list(APPEND ARG_LABELS cuda)
    set_target_properties(${name} PROPERTIES CROSSCOMPILING_EMULATOR "${SLALOM_TEST_LAUNCHER}")
  endif()
  if(ARG_THREADS)
    list(APPEND ARG_LABELS threads)
    if(NOT TARGET threads_tests)
      add_custom_target(threads_tests)
    endif()
    add_dependencies(threads_tests ${name})
  endif()
  set(environment)
  if(SLALOM_ARCHER)
    set(environment ENVIRONMENT "OMP_TOOL_LIBRARIES=${SLALOM_ARCHER}")
  endif()
  gtest_discover_tests(
    ${name}
    DISCOVERY_MODE PRE_TEST
    DISCOVERY_TIMEOUT 60
    NO_PRETTY_VALUES # structs print as their bytes, addresses included
    PROPERTIES TIMEOUT 600 ${environment})
  # Several labels do not survive gtest_discover_tests. The list of tests is a variable of the script that it makes for CTest.
  set(labels "${CMAKE_CURRENT_BINARY_DIR}/${name}_labels.cmake")
  file(
    CONFIGURE
    OUTPUT "${labels}"
    CONTENT "if(@name@_TESTS)\n  set_tests_properties(\${@name@_TESTS} PROPERTIES LABELS \"@ARG_LABELS@\")\nendif()\n"
    @ONLY)
  set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES "${labels}")
endfunction()
