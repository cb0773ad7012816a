import { Empty, Head } from "../components/bits";

export function NotFoundPage() {
  return (
    <>
      <Head title="No such room" />
      <Empty icon="room" title="This door leads nowhere"><p><a href="/">To the library</a></p></Empty>
    </>
  );
}
