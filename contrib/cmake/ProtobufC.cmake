# protobuf_c(NAME ROOT FILES...): run protoc-c and build the result as a static library.
# Generated code is not ours: it is compiled without our warnings.
find_program(PROTOC_C protoc-c REQUIRED)

function(protobuf_c name root)
	foreach(file ${ARGN})
		string(REPLACE .proto .pb-c stem ${file})
		add_custom_command(OUTPUT ${GEN_DIR}/${stem}.c ${GEN_DIR}/${stem}.h
			COMMAND ${PROTOC_C} -I ${root} --c_out=${GEN_DIR} ${file}
			DEPENDS ${root}/${file} WORKING_DIRECTORY ${root} VERBATIM)
		list(APPEND srcs ${GEN_DIR}/${stem}.c)
	endforeach()
	add_library(${name} STATIC ${srcs})
	target_include_directories(${name} SYSTEM PUBLIC ${GEN_DIR})
	target_compile_options(${name} PRIVATE -w)
	target_link_libraries(${name} PUBLIC PkgConfig::PROTOBUF_C)
endfunction()
