"""The worker's side of scripts/benchmark/ask_process.mjs: questions and answers as JSON lines."""

import json
import sys


def answer_questions(asks):
    """Answers each question {ask: name, ...} with what asks[name] makes of it, until there are no more."""
    for line in sys.stdin:
        question = json.loads(line)
        try:
            answer = asks[question["ask"]](question)
        except ImportError as error:
            answer = {"unavailable": str(error)}
        except Exception as error:  # Told to the asker, who shows it in the row.
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(f"ANSWER {json.dumps(answer)}", flush=True)
