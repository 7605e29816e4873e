"""A LangChain chain that keeps its conversations apart and remembers each, on DynamoDB.

`python with_langchain.py` runs it without a network: the engine is in this process, and so is the
model, which says what it is told. For a real one, put your chat model in place of `Parrot()`; for a
real table, leave out `engine=`. It needs `leyden[langchain,local]`.

The chain gets its history here by hand. `RunnableWithMessageHistory`, which LangChain deprecates,
takes `history_of` as well.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

from langchain_core.language_models import SimpleChatModel
from langchain_core.messages import BaseMessage, HumanMessage
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder

import leyden
from leyden.agents.langchain import LeydenChatMessageHistory


class Parrot(SimpleChatModel):
    """A model that repeats what its user has said."""

    @property
    def _llm_type(self) -> str:
        return "parrot"

    def _call(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> str:
        return f"You said: {[one.content for one in messages if one.type == 'human']}"


PROMPT = ChatPromptTemplate.from_messages(
    [
        ("system", "You are a parrot."),
        MessagesPlaceholder("history"),
        ("human", "{question}"),
    ]
)
CHAIN = PROMPT | Parrot()


def ask(history: LeydenChatMessageHistory, question: str) -> str:
    """One turn: read what was said, answer, and add both messages at once."""
    answer = CHAIN.invoke({"history": history.messages, "question": question})
    history.add_messages([HumanMessage(question), answer])
    return str(answer.content)


async def aask(history: LeydenChatMessageHistory, question: str) -> str:
    """One turn that holds up no event loop."""
    said = await history.aget_messages()
    answer = await CHAIN.ainvoke({"history": said, "question": question})
    await history.aadd_messages([HumanMessage(question), answer])
    return str(answer.content)


async def both(history_of: Any) -> None:
    """Go on with both conversations at once, as a server does."""
    questions = {"ada": "Who am I?", "bob": "Where am I?"}
    turns = [aask(history_of(name), question) for name, question in questions.items()]
    for name, answer in zip(questions, await asyncio.gather(*turns), strict=True):
        print(f"{name}: {answer}")


def main() -> None:
    """Talk to two users, each in a session of their own."""
    with leyden.local() as engine:
        # Making a history sends nothing, and all of them share their connections.
        history_of = partial(LeydenChatMessageHistory, table_name="agents", engine=engine)
        history_of("ada").app.create_table()
        print(f"ada: {ask(history_of('ada'), 'I am Ada.')}")
        print(f"bob: {ask(history_of('bob'), 'I am in Lisbon.')}")
        asyncio.run(both(history_of))

        # Long conversations cost less to go on with if the model gets the newest messages only.
        print(f"ada, the newest: {ask(history_of('ada', limit=2), 'And now?')}")
        print(len(history_of("ada").messages), "messages of ada")
        history_of("ada").clear()
        print(len(history_of("ada").messages), "messages of ada,", end=" ")
        print(len(history_of("bob").messages), "of bob")
        history_of("ada").close()


if __name__ == "__main__":
    main()
