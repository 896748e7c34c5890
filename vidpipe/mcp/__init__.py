"""The library for language models: a server of the Model Context Protocol.

Belongs here: tools, who calls them, the two transports (standard input and output of a program,
and HTTP within the service). Does not belong here: what the tools do (the library) and who may
do it (accounts, `vidpipe.api.asked`). Needs the extra `mcp`.
"""
