"""Other ways to ask. A bot turns its platform's message into a `Question` and renders `AnswerEvent`s."""
