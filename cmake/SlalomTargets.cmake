# SPDX-License-Identifier: Apache-2.0
# The two functions with which folders add their code and their tests.

# slalom_add_objects(<folder> SOURCES a.cpp ... [LIBS lib ...])
# An OBJECT library slalom_<folder> with the project's include paths and warnings. LIBS are private to it, and are remembered in
# the global property SLALOM_OBJECT_LIBS_<folder> because objects must be linked with them.
function(slalom_add_objects folder)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBS" ${ARGN})
  add_library(slalom_${folder} OBJECT ${ARG_SOURCES})
  target_include_directories(slalom_${folder} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
                                                     $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src>)
  target_link_libraries(slalom_${folder} PRIVATE slalom_options slalom::random123 ${ARG_LIBS})
  set_property(GLOBAL APPEND PROPERTY SLALOM_OBJECT_FOLDERS ${folder})
  set_property(GLOBAL PROPERTY SLALOM_OBJECT_LIBS_${folder} ${ARG_LIBS})
endfunction()

# slalom_add_test(<name> SOURCES a_test.cpp ... LIBS slalom_data ... [LABELS label ...])
# A GoogleTest binary, registered with CTest test by test. LIBS may name OBJECT libraries of this project (every one that is
# needed, since objects do not propagate) and any other library.
function(slalom_add_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBS;LABELS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}/tests")
  target_link_libraries(${name} PRIVATE slalom_options slalom_test_support slalom::random123 GTest::gtest_main
                                        GTest::gmock ${ARG_LIBS})
  foreach(library IN LISTS ARG_LIBS)
    if(library MATCHES "^slalom_([a-z]+)$")
      get_property(needed GLOBAL PROPERTY SLALOM_OBJECT_LIBS_${CMAKE_MATCH_1})
      target_link_libraries(${name} PRIVATE ${needed})
    endif()
  endforeach()
  if(NOT ARG_LABELS)
    set(ARG_LABELS unit)
  endif()
  gtest_discover_tests(
    ${name}
    DISCOVERY_MODE PRE_TEST
    DISCOVERY_TIMEOUT 60
    PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT 600)
endfunction()
