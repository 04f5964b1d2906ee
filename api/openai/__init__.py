"""OpenAI's chat completions over the one pipeline: their requests in, their shapes out, no policy of its own."""
